//! The journal port: where events become durable and where everything else reads them.
//!
//! Two implementations run the suite in `conformance`: `MemoryJournal` here and the SQL store of the server.

mod aside;
mod codec;
#[cfg(feature = "test-util")]
pub mod conformance;
#[cfg(feature = "test-util")]
mod faulty;
mod history;
mod memory;
mod record;

use futures_util::future::BoxFuture;

pub use aside::{
    ApprovalRow, ApprovalState, ApprovalsQuery, ArtifactRef, Asides, EffectRow, EffectState,
    EffectsQuery, Sha256Hex,
};
pub use codec::{CodecError, StoredRow, decode, decode_row, encode};
#[cfg(feature = "test-util")]
pub use faulty::{Call, Fault, FaultyJournal};
pub use history::{History, LiveJobRow, Snapshot};
pub use memory::MemoryJournal;
pub use record::{JobRow, JobsQuery, Record, Remembered, StoredRecord, SupervisionNote, row_of};

use crate::{
    audit::KeptEntry,
    id::{ApprovalId, EffectId, JobId, Tenant},
    time::Timestamp,
};

/// Records of one commit.
pub const BATCH_RECORDS_MAX: usize = 1_000;
/// Jobs whose histories are read at one time.
pub const HISTORIES_MAX: usize = 256;
/// Version of the form in which this release writes snapshots, and the only one it reads.
pub const SNAPSHOTS_VERSION: u16 = 1;

#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Another process owns the store; this one must end.
    #[error("the store belongs to a newer epoch than {epoch}")]
    Fenced { epoch: u64 },
    /// A record does not continue its job because another incarnation has written meanwhile, its idempotency key
    /// belongs to another job, or a snapshot is of events that the journal does not have.
    #[error("record {seq} of job {job} does not continue its journal")]
    Conflict { job: JobId, seq: u64 },
    #[error(transparent)]
    Codec(#[from] CodecError),
    #[error("{operation}")]
    Store {
        operation: &'static str,
        source: Box<dyn std::error::Error + Send + Sync>,
    },
}

pub type JournalFuture<'a, T> = BoxFuture<'a, Result<T, JournalError>>;

/// Keeps events and the projections that answer reads.
pub trait Journal: Send + Sync + 'static {
    /// Commits up to `BATCH_RECORDS_MAX` records in one transaction, all or nothing, and answers only when they are
    /// durable: the `pos` of each, strictly increasing in commit order. Cheapest when records of one job are adjacent.
    fn commit<'a>(&'a self, batch: &'a [Record]) -> JournalFuture<'a, Vec<u64>>;

    /// Jobs that have not ended with an id above `after`, oldest first.
    fn live_jobs(&self, after: Option<JobId>, limit: usize) -> JournalFuture<'_, Vec<LiveJobRow>>;

    /// How many jobs have not ended, of all tenants.
    fn live_jobs_total(&self) -> JournalFuture<'_, u64>;

    /// Histories of up to `HISTORIES_MAX` jobs, in the order of their ids. Jobs without records are left out.
    fn histories<'a>(&'a self, jobs: &'a [JobId]) -> JournalFuture<'a, Vec<History>>;

    /// Keeps a snapshot in place of the job's older one. A `Conflict` when the journal does not have its events.
    fn keep_snapshot(&self, snapshot: Snapshot) -> JournalFuture<'_, ()>;

    /// Records of a job whose last seq is above `after`, in order.
    fn records(&self, job: JobId, after: u64, limit: usize)
    -> JournalFuture<'_, Vec<StoredRecord>>;

    /// Records of a tenant above a `pos`, in commit order.
    fn tenant_records<'a>(
        &'a self,
        tenant: &'a Tenant,
        after_pos: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<StoredRecord>>;

    /// Records of a tenant up to this `pos` may be missing, because their jobs have been removed; 0 when none are.
    fn pruned_to<'a>(&'a self, _tenant: &'a Tenant) -> JournalFuture<'a, u64> {
        Box::pin(async { Ok(0) })
    }

    fn job<'a>(&'a self, tenant: &'a Tenant, job: JobId) -> JournalFuture<'a, Option<JobRow>>;

    /// Jobs of a tenant, newest first, in short: `input` is JSON null and `result` is None.
    fn jobs<'a>(&'a self, query: &'a JobsQuery) -> JournalFuture<'a, Vec<JobRow>>;

    /// What was answered to an idempotency key that has not expired at `now`.
    fn remembered<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        now: Timestamp,
    ) -> JournalFuture<'a, Option<Remembered>>;

    /// Approvals of a tenant, newest first.
    fn approvals<'a>(&'a self, query: &'a ApprovalsQuery) -> JournalFuture<'a, Vec<ApprovalRow>>;

    fn approval<'a>(
        &'a self,
        tenant: &'a Tenant,
        approval: ApprovalId,
    ) -> JournalFuture<'a, Option<ApprovalRow>>;

    /// Effects of a tenant, newest first.
    fn effects<'a>(&'a self, query: &'a EffectsQuery) -> JournalFuture<'a, Vec<EffectRow>>;

    fn effect<'a>(
        &'a self,
        tenant: &'a Tenant,
        effect: EffectId,
    ) -> JournalFuture<'a, Option<EffectRow>>;

    /// What the audit log has of a tenant after `seq`, oldest first.
    fn audit<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<KeptEntry>>;

    fn note_supervision(&self, notes: Vec<SupervisionNote>) -> JournalFuture<'_, ()>;

    /// Supervision events above an id, oldest first.
    fn supervision(&self, after: u64, limit: usize) -> JournalFuture<'_, Vec<SupervisionNote>>;
}
