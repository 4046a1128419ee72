//! The house when its journal stumbles or one of its actors is killed.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering},
};

use callboard_orchestra::{
    JobId, Payload, Submission, Tenant, Timestamp,
    job::JobState,
    journal::{
        JobRow, JobsQuery, Journal, JournalError, JournalFuture, MemoryJournal, Record, Remembered,
        StoredRecord, SupervisionNote,
    },
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, KIND, Play, Stage, spec};

/// A memory journal that refuses commits for a while.
#[derive(Default)]
struct Stumbling {
    journal: MemoryJournal,
    commits_before: AtomicU32,
    refusals: AtomicU32,
}

impl Stumbling {
    fn after(commits: u32, refusals: u32) -> Arc<Self> {
        Arc::new(Self {
            journal: MemoryJournal::default(),
            commits_before: AtomicU32::new(commits),
            refusals: AtomicU32::new(refusals),
        })
    }

    fn take(counter: &AtomicU32) -> bool {
        counter
            .fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| {
                left.checked_sub(1)
            })
            .is_ok()
    }
}

impl Journal for Stumbling {
    fn commit<'a>(&'a self, batch: &'a [Record]) -> JournalFuture<'a, Vec<u64>> {
        if !Self::take(&self.commits_before) && Self::take(&self.refusals) {
            let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
            return Box::pin(async {
                Err(JournalError::Store {
                    operation: "commit",
                    source,
                })
            });
        }
        self.journal.commit(batch)
    }

    fn live_jobs(&self) -> JournalFuture<'_, Vec<JobId>> {
        self.journal.live_jobs()
    }

    fn records(
        &self,
        job: JobId,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'_, Vec<StoredRecord>> {
        self.journal.records(job, after, limit)
    }

    fn tenant_records<'a>(
        &'a self,
        tenant: &'a Tenant,
        after_pos: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<StoredRecord>> {
        self.journal.tenant_records(tenant, after_pos, limit)
    }

    fn job<'a>(&'a self, tenant: &'a Tenant, job: JobId) -> JournalFuture<'a, Option<JobRow>> {
        self.journal.job(tenant, job)
    }

    fn jobs<'a>(&'a self, query: &'a JobsQuery) -> JournalFuture<'a, Vec<JobRow>> {
        self.journal.jobs(query)
    }

    fn remembered<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        now: Timestamp,
    ) -> JournalFuture<'a, Option<Remembered>> {
        self.journal.remembered(tenant, key, now)
    }

    fn note_supervision(&self, notes: Vec<SupervisionNote>) -> JournalFuture<'_, ()> {
        self.journal.note_supervision(notes)
    }

    fn supervision(&self, after: u64, limit: usize) -> JournalFuture<'_, Vec<SupervisionNote>> {
        self.journal.supervision(after, limit)
    }
}

#[test]
fn a_submission_the_journal_refuses_is_not_acknowledged_and_leaves_nothing() {
    universe(|universe| async move {
        let stage = Stage::open_on(&universe, Stumbling::after(0, 2), &spec());
        let play = Payload::of(&Play::of([Act::Done])).unwrap();
        let refused = stage
            .house
            .coordinator
            .submit(Submission::new(KIND, play.clone()))
            .await;
        assert!(refused.is_err());
        let accepted = stage
            .house
            .coordinator
            .submit(Submission::new(KIND, play))
            .await
            .unwrap();
        assert_eq!(
            stage.end_of(accepted.row.id).await.state,
            JobState::Succeeded
        );
        let jobs = JobsQuery {
            limit: 10,
            ..JobsQuery::default()
        };
        assert_eq!(stage.journal.jobs(&jobs).await.unwrap().len(), 1);
    });
}

#[test]
fn results_the_journal_refuses_are_kept_by_their_crews_and_not_worked_twice() {
    for commits in 1..8 {
        universe(|universe| async move {
            let stage = Stage::open_on(&universe, Stumbling::after(commits, 3), &spec());
            let job = stage
                .submit(&Play::of([Act::Done, Act::Wait { ms: 20 }, Act::Done]))
                .await;
            assert_eq!(stage.end_of(job).await.state, JobState::Succeeded);
            let performances = stage.performances.lock().unwrap().clone();
            let distinct: std::collections::HashSet<_> = performances.iter().collect();
            assert_eq!(
                performances.len(),
                distinct.len(),
                "a task ran twice, refused after {commits}: {performances:?}"
            );
        });
    }
}
