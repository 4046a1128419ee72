//! What is kept beside the jobs: idempotency keys and supervision events.

use std::time::Duration;

use super::{
    author::{Author, ECHO, EPOCH_START, remembered, tenant},
    subject::{EVERYTHING, Subject},
};
use crate::{
    journal::{JournalError, SupervisionNote},
    payload::Payload,
};

pub(super) async fn a_key_is_remembered_until_it_expires_and_may_be_used_again(
    journal: Subject<'_>,
) {
    let (author, mut first) = Author::submit(&tenant(), ECHO);
    let expires_at = EPOCH_START.plus(Duration::from_secs(10));
    let kept = remembered("k", author.id(), expires_at);
    first.remember = Some(kept.clone());
    journal.commit(&[first]).await;
    let read = async |now| journal.remembered(&author.tenant, "k", now).await;
    assert_eq!(read(EPOCH_START).await, Some(kept));
    assert_eq!(read(expires_at).await, None);
    assert_eq!(
        journal.remembered(&author.tenant, "K", EPOCH_START).await,
        None
    );

    let (next, mut first) = Author::submit(&author.tenant, ECHO);
    let kept = remembered("k", next.id(), expires_at.plus(Duration::from_secs(10)));
    first.remember = Some(kept.clone());
    // Until it expires the key stays with its job.
    let refused = journal.try_commit(std::slice::from_ref(&first)).await;
    assert!(matches!(refused, Err(JournalError::Conflict { job, .. }) if job == next.id()));
    first.at = expires_at;
    journal.commit(&[first]).await;
    assert_eq!(read(expires_at).await, Some(kept));
}

pub(super) async fn supervision_events_get_rising_ids(journal: Subject<'_>) {
    let mut last = 0;
    while let Some(note) = journal.supervision(last, EVERYTHING).await.last() {
        last = note.id;
    }
    let notes: Vec<_> = ["a", "b", "c"]
        .map(|event| SupervisionNote {
            id: 0,
            at: EPOCH_START,
            event: Payload::of(event).expect("text is JSON"),
        })
        .into();
    journal.note_supervision(notes[..2].to_vec()).await;
    journal.note_supervision(Vec::new()).await;
    journal.note_supervision(notes[2..].to_vec()).await;
    let found = journal.supervision(last, EVERYTHING).await;
    assert!(
        found.is_sorted_by(|a, b| a.id < b.id) && found[0].id > last,
        "{found:?}"
    );
    let kept: Vec<_> = found
        .iter()
        .map(|note| SupervisionNote {
            id: 0,
            ..note.clone()
        })
        .collect();
    assert_eq!(kept, notes);
    assert_eq!(journal.supervision(found[0].id, 1).await, found[1..2]);
}
