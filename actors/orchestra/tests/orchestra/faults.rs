//! The house when its journal stumbles or one of its actors is killed.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU32, AtomicU64, Ordering},
    },
    time::Duration,
};

use callboard_orchestra::submission::IdempotencyKey;
use callboard_orchestra::{
    ApprovalId, Author, EffectId, JobId, KeptEntry, Payload, Submission, Tenant, Timestamp,
    job::JobState,
    journal::{
        ApprovalRow, ApprovalsQuery, EffectRow, EffectsQuery, History, JobRow, JobsQuery, Journal,
        JournalError, JournalFuture, LiveJobRow, MemoryJournal, Record, Remembered, Snapshot,
        StoredRecord, SupervisionNote,
    },
};
use callboard_runtime::testing::universe;

use crate::stage::{Act, KIND, Play, Stage, spec};

/// A memory journal that stumbles for a while.
#[derive(Default)]
pub struct Stumbling {
    journal: MemoryJournal,
    commits_before: AtomicU32,
    /// Commits refused.
    pub refusals: AtomicU32,
    /// Commits kept and yet answered as refused.
    pub denials: AtomicU32,
    /// Time each commit takes.
    pub delay_ms: AtomicU64,
}

fn full() -> JournalError {
    let source = std::io::Error::from(std::io::ErrorKind::StorageFull).into();
    JournalError::Store {
        operation: "commit",
        source,
    }
}

impl Stumbling {
    pub fn after(commits: u32, refusals: u32) -> Arc<Self> {
        let stumbling = Self::default();
        stumbling.commits_before.store(commits, Ordering::SeqCst);
        stumbling.refusals.store(refusals, Ordering::SeqCst);
        Arc::new(stumbling)
    }

    pub fn denying_after(commits: u32) -> Arc<Self> {
        let stumbling = Self::after(commits, 0);
        stumbling.denials.store(1, Ordering::SeqCst);
        stumbling
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
        Box::pin(async move {
            tokio::time::sleep(Duration::from_millis(self.delay_ms.load(Ordering::SeqCst))).await;
            if Self::take(&self.commits_before) {
                return self.journal.commit(batch).await;
            }
            if Self::take(&self.refusals) {
                return Err(full());
            }
            let committed = self.journal.commit(batch).await;
            if Self::take(&self.denials) {
                Err(full())
            } else {
                committed
            }
        })
    }

    fn live_jobs(&self, after: Option<JobId>, limit: usize) -> JournalFuture<'_, Vec<LiveJobRow>> {
        self.journal.live_jobs(after, limit)
    }

    fn live_jobs_total(&self) -> JournalFuture<'_, u64> {
        self.journal.live_jobs_total()
    }

    fn histories<'a>(&'a self, jobs: &'a [JobId]) -> JournalFuture<'a, Vec<History>> {
        self.journal.histories(jobs)
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> JournalFuture<'_, ()> {
        self.journal.keep_snapshot(snapshot)
    }

    fn approvals<'a>(&'a self, query: &'a ApprovalsQuery) -> JournalFuture<'a, Vec<ApprovalRow>> {
        self.journal.approvals(query)
    }

    fn approval<'a>(
        &'a self,
        tenant: &'a Tenant,
        approval: ApprovalId,
    ) -> JournalFuture<'a, Option<ApprovalRow>> {
        self.journal.approval(tenant, approval)
    }

    fn effects<'a>(&'a self, query: &'a EffectsQuery) -> JournalFuture<'a, Vec<EffectRow>> {
        self.journal.effects(query)
    }

    fn effect<'a>(
        &'a self,
        tenant: &'a Tenant,
        effect: EffectId,
    ) -> JournalFuture<'a, Option<EffectRow>> {
        self.journal.effect(tenant, effect)
    }

    fn audit<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<KeptEntry>> {
        self.journal.audit(tenant, after, limit)
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

#[test]
fn a_snooze_the_journal_refuses_is_slept_out_once_it_is_taken() {
    for commits in 1..6 {
        universe(|universe| async move {
            let stage = Stage::open_on(&universe, Stumbling::after(commits, 1), &spec());
            let at_ms = Timestamp::now().plus(Duration::from_secs(5)).millis();
            let row = stage.play(&Play::of([Act::SnoozeUntil { at_ms }])).await;
            assert_eq!(row.state, JobState::Succeeded, "refused after {commits}");
            assert!(
                row.finished_at.unwrap().millis() >= at_ms,
                "refused after {commits}"
            );
        });
    }
}

#[test]
fn a_retry_the_journal_refuses_keeps_its_backoff() {
    for commits in 1..4 {
        universe(|universe| async move {
            let stage = Stage::open_on(&universe, Stumbling::after(commits, 1), &spec());
            let row = stage
                .play(&Play::of([Act::RetryUntil { attempt: 2 }]))
                .await;
            let records = stage.journal.records(row.id, 0, 100).await.unwrap();
            let at = |name: &str| {
                let record = records
                    .iter()
                    .find(|record| record.events[0].name() == name);
                record
                    .unwrap_or_else(|| panic!("no record begins with {name}"))
                    .at
            };
            let waited = at("task.succeeded").since(at("task.retried"));
            assert!(
                waited >= Duration::from_millis(100),
                "refused after {commits}: {waited:?}"
            );
        });
    }
}

#[test]
fn whoever_waits_for_a_job_hears_of_its_end_when_the_commit_seemed_to_fail() {
    for commits in 1..5 {
        universe(|universe| async move {
            let stage = Stage::open_on(&universe, Stumbling::denying_after(commits), &spec());
            let row = stage.play(&Play::of([Act::Done])).await;
            assert_eq!(row.state, JobState::Succeeded, "denied after {commits}");
        });
    }
}

#[test]
fn a_key_makes_one_job_also_when_its_first_caller_was_told_otherwise() {
    universe(|universe| async move {
        let journal = Stumbling::after(0, 0);
        let stage = Stage::open_on(&universe, journal.clone(), &spec());
        let keyed = || {
            let mut submission =
                Submission::new(KIND, Payload::of(&Play::of([Act::Done])).unwrap());
            submission.idempotency = Some(IdempotencyKey {
                key: "once".to_owned(),
                body_sha256: "a".to_owned(),
            });
            submission
        };
        journal.delay_ms.store(11_000, Ordering::SeqCst);
        assert!(stage.house.coordinator.submit(keyed()).await.is_err());
        journal.delay_ms.store(0, Ordering::SeqCst);
        let second = stage.house.coordinator.submit(keyed()).await.unwrap();
        stage.end_of(second.row.id).await;
        let jobs = JobsQuery {
            limit: 10,
            ..JobsQuery::default()
        };
        assert_eq!(stage.journal.jobs(&jobs).await.unwrap().len(), 1);
    });
}

#[test]
fn a_job_that_is_being_read_again_can_be_cancelled() {
    universe(|universe| async move {
        let journal = Stumbling::after(2, 1);
        let stage = Stage::open_on(&universe, journal.clone(), &spec());
        let job = stage.submit(&Play::of([Act::Done, Act::Hang])).await;
        let mut frames = stage.house.coordinator.hub().follow_job(job);
        while journal.refusals.load(Ordering::SeqCst) > 0 {
            frames.recv().await.unwrap();
        }
        let receipt = stage
            .house
            .coordinator
            .cancel(&Tenant::default(), job, "enough", &Author::anonymous())
            .await
            .unwrap();
        assert_eq!(receipt.already_done, 2);
        assert_eq!(stage.end_of(job).await.state, JobState::Cancelled);
    });
}
