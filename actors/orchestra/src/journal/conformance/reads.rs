//! What reads answer about jobs and their records.

use std::time::Duration;

use super::{
    author::{Author, ECHO, EPOCH_START, TELL, remembered, tenant},
    subject::{EVERYTHING, Subject},
};
use crate::{
    id::JobId,
    job::JobState,
    journal::{
        BATCH_RECORDS_MAX, History, JobsQuery, JournalError, LiveJobRow, Snapshot, StoredRecord,
        row_of,
    },
};

pub(super) async fn live_jobs_are_those_that_have_not_ended(journal: Subject<'_>) {
    let tenant = tenant();
    let (authors, firsts): (Vec<_>, Vec<_>) = (0..4).map(|_| Author::submit(&tenant, ECHO)).unzip();
    journal.commit(&firsts).await;
    let [mut cancelled, running, mut done, queued]: [Author; 4] =
        authors.try_into().ok().expect("there are four");
    let batch: Vec<_> = [cancelled.cancel()]
        .into_iter()
        .chain(done.work())
        .collect();
    journal.commit(&batch).await;
    let live = journal.live_jobs(None, EVERYTHING).await;
    assert!(live.is_sorted_by(|a, b| a.id < b.id));
    let total = journal.0.live_jobs_total().await;
    assert_eq!(total.expect("live jobs can be counted"), live.len() as u64);
    let ours = [cancelled.id(), running.id(), done.id(), queued.id()];
    let ours: Vec<_> = live.iter().filter(|row| ours.contains(&row.id)).collect();
    let expected = [&running, &queued].map(|author| LiveJobRow::of(&row_of(&author.job)));
    assert_eq!(ours, expected.iter().collect::<Vec<_>>());

    let place = live.iter().position(|row| row.id == running.id());
    let rest = &live[place.expect("it is live") + 1..];
    for limit in [1, EVERYTHING] {
        let found = journal.live_jobs(Some(running.id()), limit).await;
        assert_eq!(found, rest[..limit.min(rest.len())], "limit {limit}");
    }
}

pub(super) async fn histories_hold_what_a_snapshot_does_not(journal: Subject<'_>) {
    let tenant = tenant();
    let (mut long, first) = Author::submit(&tenant, ECHO);
    let batch: Vec<_> = [first].into_iter().chain(long.work()).collect();
    journal.commit(&batch).await;
    let (short, first) = Author::submit(&tenant, ECHO);
    journal.commit(&[first]).await;
    let nobody = JobId::mint();
    let asked = [short.id(), nobody, long.id()];
    let records = journal.records(long.id(), 0, EVERYTHING).await;
    let others = journal.records(short.id(), 0, EVERYTHING).await;
    let expected = |snapshot: Option<Snapshot>| {
        vec![
            History::new(long.id(), snapshot, records.clone()),
            History::new(short.id(), None, others.clone()),
        ]
    };
    assert_eq!(journal.histories(&asked).await, expected(None));
    assert_eq!(journal.histories(&[]).await, []);

    let snapshot = |seq: u64| Snapshot {
        job: long.id(),
        seq,
        version: 3,
        text: format!("{{\"seq\":{seq}}}"),
    };
    // Each record's last seq: the store may keep records of one commit together, and a snapshot may lie between them.
    for seq in records.iter().map(StoredRecord::last_seq) {
        journal.keep_snapshot(snapshot(seq)).await;
        assert_eq!(
            journal.histories(&asked).await,
            expected(Some(snapshot(seq)))
        );
    }
    let last = long.job.seq;
    journal.keep_snapshot(snapshot(1)).await;
    assert_eq!(
        journal.histories(&asked).await,
        expected(Some(snapshot(last)))
    );
    for snapshot in [
        snapshot(last + 1),
        Snapshot {
            job: nobody,
            ..snapshot(1)
        },
    ] {
        let (job, seq) = (snapshot.job, snapshot.seq);
        let refused = journal.0.keep_snapshot(snapshot).await;
        assert!(
            matches!(refused, Err(JournalError::Conflict { job: of, seq: at }) if (of, at) == (job, seq)),
            "{refused:?}"
        );
    }
}

pub(super) async fn records_are_read_after_a_seq_and_up_to_a_limit(journal: Subject<'_>) {
    let (mut author, first) = Author::submit(&tenant(), ECHO);
    let batch: Vec<_> = [first].into_iter().chain(author.work()).collect();
    journal.commit(&batch).await;
    let all = journal.records(author.id(), 0, EVERYTHING).await;
    assert_eq!(all.len(), batch.len());
    for (stored, record) in all.iter().zip(&batch) {
        assert_eq!(
            (stored.first_seq, stored.at, &stored.events),
            (record.first_seq, record.at, &record.events)
        );
    }
    for after in 0..=author.job.seq {
        let expected: Vec<_> = all
            .iter()
            .filter(|r| r.first_seq + r.events.len() as u64 - 1 > after)
            .cloned()
            .collect();
        for limit in [1, 2, EVERYTHING] {
            let found = journal.records(author.id(), after, limit).await;
            assert_eq!(
                found,
                expected[..limit.min(expected.len())],
                "after {after}, limit {limit}"
            );
        }
    }
    assert_eq!(journal.records(author.id(), u64::MAX, 1).await, []);
}

pub(super) async fn a_job_may_fill_a_commit_by_itself(journal: Subject<'_>) {
    let (mut author, first) = Author::submit(&tenant(), ECHO);
    let mut batch = vec![first, author.plan()];
    while batch.len() < BATCH_RECORDS_MAX / 4 {
        batch.push(author.remark());
    }
    let positions = journal.commit(&batch).await;
    let all = journal.records(author.id(), 0, EVERYTHING).await;
    let told: Vec<_> = all.iter().map(|record| record.pos).collect();
    assert_eq!(told, positions);
    for (stored, record) in all.iter().zip(&batch) {
        assert_eq!(
            (stored.first_seq, stored.at, &stored.events),
            (record.first_seq, record.at, &record.events)
        );
    }
    for index in (0..all.len()).step_by(7) {
        let (after, pos) = (all[index].last_seq(), all[index].pos);
        for limit in [1, 65, EVERYTHING] {
            let rest = &all[index + 1..];
            let rest = &rest[..limit.min(rest.len())];
            assert_eq!(journal.records(author.id(), after, limit).await, rest);
            let found = journal.tenant_records(&author.tenant, pos, limit).await;
            assert_eq!(found, rest);
        }
    }
    assert_eq!(journal.replayed(author.id()).await, author.job);
}

pub(super) async fn tenants_see_their_own(journal: Subject<'_>) {
    let (mine, yours) = (tenant(), tenant());
    let (author, mut first) = Author::submit(&mine, ECHO);
    first.remember = Some(remembered(
        "k",
        author.id(),
        EPOCH_START.plus(Duration::from_secs(1)),
    ));
    journal.commit(&[first]).await;
    let query = JobsQuery {
        tenant: yours.clone(),
        limit: EVERYTHING,
        ..JobsQuery::default()
    };
    assert_eq!(journal.job(&yours, author.id()).await, None);
    assert_eq!(journal.jobs(&query).await, []);
    assert_eq!(journal.tenant_records(&yours, 0, EVERYTHING).await, []);
    assert_eq!(journal.remembered(&yours, "k", EPOCH_START).await, None);
    assert!(journal.remembered(&mine, "k", EPOCH_START).await.is_some());
}

pub(super) async fn jobs_are_listed_newest_first_by_page_kind_and_state(journal: Subject<'_>) {
    let tenant = tenant();
    let kinds = [ECHO, TELL, ECHO, TELL, ECHO];
    let (mut authors, firsts): (Vec<_>, Vec<_>) = kinds
        .iter()
        .map(|kind| Author::submit(&tenant, kind))
        .unzip();
    journal.commit(&firsts).await;
    journal
        .commit(&[authors[0].cancel(), authors[3].cancel()])
        .await;
    let all = JobsQuery {
        tenant,
        limit: EVERYTHING,
        ..JobsQuery::default()
    };
    let cancelled = Some(JobState::Cancelled);
    let kind = Some(TELL.to_owned());
    let cases = [
        (all.clone(), vec![4, 3, 2, 1, 0]),
        (
            JobsQuery {
                limit: 2,
                ..all.clone()
            },
            vec![4, 3],
        ),
        (
            JobsQuery {
                limit: 2,
                before: Some(authors[3].id()),
                ..all.clone()
            },
            vec![2, 1],
        ),
        (
            JobsQuery {
                state: cancelled,
                ..all.clone()
            },
            vec![3, 0],
        ),
        (
            JobsQuery {
                kind: kind.clone(),
                ..all.clone()
            },
            vec![3, 1],
        ),
        (
            JobsQuery {
                kind: kind.clone(),
                state: cancelled,
                ..all.clone()
            },
            vec![3],
        ),
        (
            JobsQuery {
                kind,
                state: cancelled,
                before: Some(authors[3].id()),
                ..all.clone()
            },
            vec![],
        ),
    ];
    for (query, expected) in cases {
        let found = journal.jobs(&query).await;
        let expected: Vec<_> = expected
            .into_iter()
            .map(|index: usize| row_of(&authors[index].job).in_short())
            .collect();
        assert_eq!(found, expected, "{query:?}");
    }
}
