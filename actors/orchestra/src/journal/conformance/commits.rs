//! What a commit does, and what a refused one does not.

use std::time::Duration;

use super::{
    author::{Author, ECHO, EPOCH_START, null, remembered, tenant},
    subject::{EVERYTHING, Subject},
};
use crate::{
    id::{JobId, TaskId},
    job::{Command, JobState},
    journal::{BATCH_RECORDS_MAX, JournalError, Record, row_of},
    outcome::{Failure, FailureKind},
};

pub(super) async fn positions_rise_in_the_order_of_commits(journal: Subject<'_>) {
    let tenant = tenant();
    let (mut one, first) = Author::submit(&tenant, ECHO);
    let (mut other, second) = Author::submit(&tenant, ECHO);
    let mut positions = journal.commit(&[second, first]).await;
    positions.extend(journal.commit(&[one.plan()]).await);
    positions.extend(journal.commit(&[other.plan(), one.cancel()]).await);
    assert!(positions.is_sorted_by(|a, b| a < b), "{positions:?}");

    let stored = journal.tenant_records(&tenant, 0, EVERYTHING).await;
    assert_eq!(
        stored.iter().map(|record| record.pos).collect::<Vec<_>>(),
        positions
    );
    let jobs = [other.id(), one.id(), one.id(), other.id(), one.id()];
    assert_eq!(
        stored.iter().map(|record| record.job).collect::<Vec<_>>(),
        jobs
    );

    let later = journal.tenant_records(&tenant, positions[1], 2).await;
    assert_eq!(later, stored[2..4]);
}

pub(super) async fn a_job_is_the_fold_of_its_stored_records(journal: Subject<'_>) {
    let (mut author, first) = Author::submit(&tenant(), ECHO);
    journal.commit(&[first]).await;
    assert_eq!(journal.replayed(author.id()).await, author.job);
    journal.commit(&author.work()).await;
    assert_eq!(journal.replayed(author.id()).await, author.job);
}

pub(super) async fn the_row_is_that_of_the_last_record(journal: Subject<'_>) {
    let (mut author, first) = Author::submit(&tenant(), ECHO);
    journal.commit(&[first]).await;
    assert_eq!(journal.row(&author).await, Some(row_of(&author.job)));
    journal.commit(&[author.plan()]).await;
    assert_eq!(journal.row(&author).await, Some(row_of(&author.job)));
    let until = author.now.plus(Duration::from_secs(60));
    let snoozes = [1, 2].map(|task| {
        author.command(Command::TaskSnoozed {
            task: TaskId(task),
            attempt: 1,
            until,
        })
    });
    journal.commit(&snoozes).await;
    assert_eq!(author.job.state, JobState::Waiting);
    assert_eq!(journal.row(&author).await, Some(row_of(&author.job)));
    let failure = Failure::new(FailureKind::Domain, "no");
    let failed = author.command(Command::TaskFailed {
        task: TaskId(1),
        attempt: 1,
        failure,
        after: None,
    });
    journal.commit(&[failed]).await;
    let ended = journal.row(&author).await.expect("the job is there");
    assert!(
        ended.failure.is_some() && ended.failed_task.is_some(),
        "{ended:?}"
    );
    assert_eq!(ended, row_of(&author.job));

    let (mut author, first) = Author::submit(&tenant(), ECHO);
    let batch: Vec<_> = [first].into_iter().chain(author.work()).collect();
    journal.commit(&batch).await;
    let ended = journal.row(&author).await.expect("the job is there");
    assert!(ended.result.is_some(), "{ended:?}");
    assert_eq!(ended, row_of(&author.job));
}

pub(super) async fn a_record_that_does_not_continue_its_job_is_refused(journal: Subject<'_>) {
    let (mut author, first) = Author::submit(&tenant(), ECHO);
    let (planned, cancelled) = (author.plan(), author.cancel());
    let refused = |batch: Vec<Record>, at: usize| async move {
        let expected = (batch[at].job, batch[at].first_seq);
        match journal.try_commit(&batch).await {
            Err(JournalError::Conflict { job, seq }) => assert_eq!((job, seq), expected),
            other => panic!("expected a conflict at {at}, got {other:?}"),
        }
    };
    refused(vec![planned.clone()], 0).await;
    refused(vec![first.clone(), cancelled.clone()], 1).await;
    refused(vec![first.clone(), first.clone()], 1).await;
    journal.commit(std::slice::from_ref(&first)).await;
    refused(vec![first.clone()], 0).await;
    refused(vec![cancelled.clone()], 0).await;
    journal.commit(std::slice::from_ref(&planned)).await;
    refused(vec![planned.clone()], 0).await;
    refused(vec![cancelled.clone(), planned], 1).await;
    journal.commit(&[cancelled]).await;
    assert_eq!(journal.replayed(author.id()).await, author.job);
}

pub(super) async fn a_refused_batch_leaves_nothing_behind(journal: Subject<'_>) {
    let (mut author, first) = Author::submit(&tenant(), ECHO);
    journal.commit(&[first]).await;
    let before = journal.row(&author).await;
    let (planned, skipped, gap) = (
        author.plan(),
        author.finish(TaskId(1), null()),
        author.cancel(),
    );
    let (innocent, mut new) = Author::submit(&author.tenant, ECHO);
    new.remember = Some(remembered(
        "k",
        innocent.id(),
        EPOCH_START.plus(Duration::from_secs(1)),
    ));
    journal
        .try_commit(&[new.clone(), planned.clone(), gap.clone()])
        .await
        .expect_err("a record is missing");

    assert_eq!(journal.row(&author).await, before);
    assert_eq!(journal.row(&innocent).await, None);
    assert_eq!(journal.records(author.id(), 0, EVERYTHING).await.len(), 1);
    assert_eq!(journal.records(innocent.id(), 0, EVERYTHING).await, []);
    assert_eq!(
        journal.remembered(&author.tenant, "k", EPOCH_START).await,
        None
    );
    let older = JobId::from_uuid(uuid::Uuid::nil());
    let live = journal.live_jobs(Some(older), EVERYTHING).await;
    assert!(live.iter().all(|row| row.id != innocent.id()));

    journal.commit(&[new, planned, skipped, gap]).await;
    assert_eq!(journal.replayed(author.id()).await, author.job);
}

pub(super) async fn a_full_batch_of_many_jobs_is_committed_at_once(journal: Subject<'_>) {
    let tenant = tenant();
    let mut batch = Vec::new();
    let mut authors = Vec::new();
    while batch.len() < BATCH_RECORDS_MAX {
        let (mut author, first) = Author::submit(&tenant, ECHO);
        batch.push(first);
        batch.extend(author.work());
        authors.push(author);
    }
    assert_eq!(batch.len(), BATCH_RECORDS_MAX);
    let positions = journal.commit(&batch).await;
    assert!(positions.is_sorted_by(|a, b| a < b));
    let stored = journal.tenant_records(&tenant, 0, EVERYTHING).await;
    assert_eq!(
        stored.iter().map(|record| record.pos).collect::<Vec<_>>(),
        positions
    );
    for author in authors.iter().step_by(37) {
        assert_eq!(journal.row(author).await, Some(row_of(&author.job)));
    }
}

pub(super) async fn an_empty_batch_is_no_commit(journal: Subject<'_>) {
    assert_eq!(journal.commit(&[]).await, Vec::<u64>::new());
}
