//! What is kept beside the jobs: idempotency keys and supervision events.

use std::time::Duration;

use super::{
    author::{Author, ECHO, EPOCH_START, remembered, tenant},
    subject::{EVERYTHING, Subject},
};
use crate::{
    id::{ApprovalId, EffectId, JobId, TaskId, Tenant},
    journal::{
        ApprovalRow, ApprovalState, ApprovalsQuery, ArtifactRef, EffectRow, EffectState,
        EffectsQuery, JournalError, SupervisionNote,
    },
    payload::Payload,
    policy::EffectClass,
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

/// What a list of approvals or effects is narrowed by.
struct Narrowing<S, I> {
    tenant: Tenant,
    state: Option<S>,
    job: Option<JobId>,
    before: Option<I>,
    limit: usize,
}

/// Narrowings of three rows, each with those it leaves: the first is in another state than `open`, the second of
/// another job than `job`, the third is `newest`.
fn narrowings<S: Copy, I: Copy>(
    tenant: &Tenant,
    open: S,
    job: JobId,
    newest: I,
) -> [(Narrowing<S, I>, &'static [usize]); 7] {
    let (open, job, before) = (Some(open), Some(job), Some(newest));
    let all = || Narrowing {
        tenant: tenant.clone(),
        state: None,
        job: None,
        before: None,
        limit: EVERYTHING,
    };
    let nobody = self::tenant();
    [
        (all(), &[2, 1, 0]),
        (Narrowing { limit: 2, ..all() }, &[2, 1]),
        (Narrowing { before, ..all() }, &[1, 0]),
        (
            Narrowing {
                state: open,
                ..all()
            },
            &[2, 1],
        ),
        (Narrowing { job, ..all() }, &[2, 0]),
        (
            Narrowing {
                job,
                state: open,
                before,
                ..all()
            },
            &[],
        ),
        (
            Narrowing {
                tenant: nobody,
                ..all()
            },
            &[],
        ),
    ]
}

pub(super) async fn approvals_are_listed_newest_first_and_replaced_by_id(journal: Subject<'_>) {
    let (mut author, mut first) = Author::submit(&tenant(), ECHO);
    let (other, mut second) = Author::submit(&author.tenant, ECHO);
    let asked = |job| ApprovalRow {
        id: ApprovalId::mint(),
        job,
        tenant: author.tenant.clone(),
        task: TaskId(1),
        task_name: "ask".into(),
        role: ECHO.into(),
        why: "costs \"much\"".to_owned(),
        state: ApprovalState::Pending,
        requested_at: EPOCH_START,
        expires_at: EPOCH_START.plus(Duration::from_secs(60)),
        decided_at: None,
        decided_by: None,
        reason: None,
    };
    let mut rows = [author.id(), other.id(), author.id()].map(asked);
    let tenant = author.tenant.clone();
    first.asides.approvals = vec![rows[0].clone(), rows[2].clone()];
    second.asides.approvals = vec![rows[1].clone()];
    journal.commit(&[first, second]).await;
    rows[0] = ApprovalRow {
        state: ApprovalState::Rejected,
        decided_at: Some(EPOCH_START.plus(Duration::from_secs(5))),
        decided_by: Some("ada".to_owned()),
        reason: Some("too much".to_owned()),
        ..rows[0].clone()
    };
    let mut planned = author.plan();
    planned.asides.approvals = vec![rows[0].clone()];
    journal.commit(&[planned]).await;

    let narrowings = narrowings(&tenant, ApprovalState::Pending, author.id(), rows[2].id);
    for (narrowing, expected) in narrowings {
        let query = ApprovalsQuery {
            tenant: narrowing.tenant,
            state: narrowing.state,
            job: narrowing.job,
            before: narrowing.before,
            limit: narrowing.limit,
        };
        let expected: Vec<_> = expected.iter().map(|at| rows[*at].clone()).collect();
        assert_eq!(journal.approvals(&query).await, expected, "{query:?}");
    }
    let found = journal.0.approval(&tenant, rows[0].id).await;
    assert_eq!(found.expect("it can be read"), Some(rows[0].clone()));
    for (tenant, id) in [(self::tenant(), rows[0].id), (tenant, ApprovalId::mint())] {
        let found = journal.0.approval(&tenant, id).await;
        assert_eq!(found.expect("it can be looked for"), None);
    }
}

pub(super) async fn effects_are_listed_newest_first_and_replaced_by_id(journal: Subject<'_>) {
    let (mut author, mut first) = Author::submit(&tenant(), ECHO);
    let (other, mut second) = Author::submit(&author.tenant, ECHO);
    let intended = |job| EffectRow {
        id: EffectId::mint(),
        job,
        tenant: author.tenant.clone(),
        task: TaskId(2),
        task_name: "pay".into(),
        role: ECHO.into(),
        attempt: 3,
        class: EffectClass::Once,
        key: format!("{job}/2/3"),
        state: EffectState::Intended,
        intended_at: EPOCH_START,
        ended_at: None,
        resolved_by: None,
        reason: None,
    };
    let mut rows = [author.id(), other.id(), author.id()].map(intended);
    rows[1].class = EffectClass::Keyed;
    let tenant = author.tenant.clone();
    first.asides.effects = vec![rows[0].clone(), rows[2].clone()];
    first.asides.artifacts = vec![artifact("5e")];
    second.asides.effects = vec![rows[1].clone()];
    second.asides.artifacts = first.asides.artifacts.clone();
    journal.commit(&[first, second]).await;
    // Of two in one commit the later counts, and a reference may be made twice.
    let unknown = EffectRow {
        state: EffectState::Unknown,
        ended_at: Some(EPOCH_START.plus(Duration::from_secs(4))),
        ..rows[0].clone()
    };
    rows[0] = EffectRow {
        state: EffectState::Resolved,
        resolved_by: Some("ada".to_owned()),
        reason: Some("seen in the ledger".to_owned()),
        ..unknown.clone()
    };
    let mut planned = author.plan();
    planned.asides.effects = vec![unknown];
    planned.asides.artifacts = vec![artifact("5e"), artifact("5f")];
    let mut cancelled = author.cancel();
    cancelled.asides.effects = vec![rows[0].clone()];
    journal.commit(&[planned, cancelled]).await;

    let narrowings = narrowings(&tenant, EffectState::Intended, author.id(), rows[2].id);
    for (narrowing, expected) in narrowings {
        let query = EffectsQuery {
            tenant: narrowing.tenant,
            state: narrowing.state,
            job: narrowing.job,
            before: narrowing.before,
            limit: narrowing.limit,
        };
        let expected: Vec<_> = expected.iter().map(|at| rows[*at].clone()).collect();
        assert_eq!(journal.effects(&query).await, expected, "{query:?}");
    }
    let found = journal.0.effect(&tenant, rows[0].id).await;
    assert_eq!(found.expect("it can be read"), Some(rows[0].clone()));
    for (tenant, id) in [(self::tenant(), rows[0].id), (tenant, EffectId::mint())] {
        let found = journal.0.effect(&tenant, id).await;
        assert_eq!(found.expect("it can be looked for"), None);
    }
}

fn artifact(byte: &str) -> ArtifactRef {
    ArtifactRef {
        sha256: byte.repeat(32).into(),
        bytes: 7,
    }
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
