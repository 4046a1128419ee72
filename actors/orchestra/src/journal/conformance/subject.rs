//! The journal under examination. Reads and commits that must succeed panic when they do not.

use crate::{
    audit::KeptEntry,
    id::{JobId, Tenant},
    job::Job,
    journal::{
        ApprovalRow, ApprovalsQuery, EffectRow, EffectsQuery, History, JobRow, JobsQuery, Journal,
        JournalError, LiveJobRow, Record, Remembered, Snapshot, StoredRecord, SupervisionNote,
    },
    time::Timestamp,
};

use super::author::Author;

/// More rows than any check writes.
pub(super) const EVERYTHING: usize = 10_000;

#[derive(Clone, Copy)]
pub(super) struct Subject<'a>(pub &'a dyn Journal);

impl Subject<'_> {
    pub async fn try_commit(self, batch: &[Record]) -> Result<Vec<u64>, JournalError> {
        self.0.commit(batch).await
    }

    pub async fn commit(self, batch: &[Record]) -> Vec<u64> {
        let positions = self.try_commit(batch).await.expect("the batch is sound");
        assert_eq!(positions.len(), batch.len());
        positions
    }

    pub async fn records(self, job: JobId, after: u64, limit: usize) -> Vec<StoredRecord> {
        self.0
            .records(job, after, limit)
            .await
            .expect("records of a job can be read")
    }

    pub async fn tenant_records(
        self,
        tenant: &Tenant,
        after_pos: u64,
        limit: usize,
    ) -> Vec<StoredRecord> {
        self.0
            .tenant_records(tenant, after_pos, limit)
            .await
            .expect("records of a tenant can be read")
    }

    pub async fn live_jobs(self, after: Option<JobId>, limit: usize) -> Vec<LiveJobRow> {
        let live = self.0.live_jobs(after, limit).await;
        live.expect("live jobs can be read")
    }

    pub async fn histories(self, jobs: &[JobId]) -> Vec<History> {
        let histories = self.0.histories(jobs).await;
        histories.expect("histories can be read")
    }

    pub async fn keep_snapshot(self, snapshot: Snapshot) {
        let kept = self.0.keep_snapshot(snapshot).await;
        kept.expect("a snapshot of committed events can be kept");
    }

    pub async fn approvals(self, query: &ApprovalsQuery) -> Vec<ApprovalRow> {
        let found = self.0.approvals(query).await;
        found.expect("approvals can be listed")
    }

    pub async fn effects(self, query: &EffectsQuery) -> Vec<EffectRow> {
        let found = self.0.effects(query).await;
        found.expect("effects can be listed")
    }

    pub async fn job(self, tenant: &Tenant, job: JobId) -> Option<JobRow> {
        self.0.job(tenant, job).await.expect("a job can be read")
    }

    pub async fn jobs(self, query: &JobsQuery) -> Vec<JobRow> {
        self.0.jobs(query).await.expect("jobs can be listed")
    }

    pub async fn remembered(
        self,
        tenant: &Tenant,
        key: &str,
        now: Timestamp,
    ) -> Option<Remembered> {
        self.0
            .remembered(tenant, key, now)
            .await
            .expect("a key can be read")
    }

    pub async fn note_supervision(self, notes: Vec<SupervisionNote>) {
        self.0
            .note_supervision(notes)
            .await
            .expect("supervision events can be kept");
    }

    pub async fn supervision(self, after: u64, limit: usize) -> Vec<SupervisionNote> {
        self.0
            .supervision(after, limit)
            .await
            .expect("supervision events can be read")
    }

    pub async fn audit(self, tenant: &Tenant, after: u64, limit: usize) -> Vec<KeptEntry> {
        let kept = self.0.audit(tenant, after, limit).await;
        kept.expect("the audit log can be read")
    }

    /// The row of the author's job.
    pub async fn row(self, author: &Author) -> Option<JobRow> {
        self.job(&author.tenant, author.id()).await
    }

    /// The job that its stored records add up to.
    pub async fn replayed(self, job: JobId) -> Job {
        let records = self.records(job, 0, EVERYTHING).await;
        let events = records
            .iter()
            .flat_map(|record| record.events.iter().map(|event| (event, record.at)));
        Job::replay(job, events).expect("stored events fold")
    }
}
