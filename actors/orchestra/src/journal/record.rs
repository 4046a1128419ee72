//! Rows of the journal and of its projections.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use crate::{
    id::{ApprovalId, EffectId, JobId, TaskId, Tenant},
    job::{Job, JobEvent, JobState, WaitReason},
    outcome::Failure,
    payload::Payload,
    policy::EffectClass,
    time::Timestamp,
};

/// All events of one command, to be committed.
#[derive(Debug, Clone)]
pub struct Record {
    pub job: JobId,
    pub tenant: Tenant,
    pub first_seq: u64,
    pub at: Timestamp,
    pub events: Arc<[JobEvent]>,
    /// The job after these events. Of several in a batch the last is written.
    pub row: Arc<JobRow>,
    pub remember: Option<Remembered>,
    pub asides: Asides,
}

impl Record {
    /// Seq of the last event.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.events.len() as u64 - 1
    }
}

/// Rows of the lists beside jobs that a record changes, each to be written in place of the one of its id.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Asides {
    pub approvals: Vec<ApprovalRow>,
    pub effects: Vec<EffectRow>,
    /// SHA-256 of artifacts that the job refers to from here on, in hex.
    pub artifacts: Vec<Arc<str>>,
}

/// Where a request for approval stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ApprovalState {
    Pending,
    Approved,
    Rejected,
    Expired,
    /// The job ended before an answer.
    Withdrawn,
}

impl ApprovalState {
    pub const ALL: [Self; 5] = [
        Self::Pending,
        Self::Approved,
        Self::Rejected,
        Self::Expired,
        Self::Withdrawn,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Approved => "approved",
            Self::Rejected => "rejected",
            Self::Expired => "expired",
            Self::Withdrawn => "withdrawn",
        }
    }
}

/// A request for approval as lists have it.
#[derive(Debug, Clone, PartialEq)]
pub struct ApprovalRow {
    pub id: ApprovalId,
    pub job: JobId,
    pub tenant: Tenant,
    pub task: TaskId,
    pub task_name: Arc<str>,
    pub role: Arc<str>,
    pub why: String,
    pub state: ApprovalState,
    pub requested_at: Timestamp,
    pub expires_at: Timestamp,
    pub decided_at: Option<Timestamp>,
    pub decided_by: Option<String>,
    pub reason: Option<String>,
}

/// Where an effect stands in the ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EffectState {
    /// Its attempt may be under way.
    Intended,
    Succeeded,
    /// The attempt ended without it.
    Failed,
    /// The attempt was lost in hand: a person must find out.
    Unknown,
    /// A person found out.
    Resolved,
}

impl EffectState {
    pub const ALL: [Self; 5] = [
        Self::Intended,
        Self::Succeeded,
        Self::Failed,
        Self::Unknown,
        Self::Resolved,
    ];

    pub const fn name(self) -> &'static str {
        match self {
            Self::Intended => "intended",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
            Self::Resolved => "resolved",
        }
    }
}

/// An entry of the effect ledger: one attempt of a task whose effect must not be repeated blindly.
#[derive(Debug, Clone, PartialEq)]
pub struct EffectRow {
    pub id: EffectId,
    pub job: JobId,
    pub tenant: Tenant,
    pub task: TaskId,
    pub task_name: Arc<str>,
    pub role: Arc<str>,
    pub attempt: u32,
    pub class: EffectClass,
    /// The idempotency key given to the outside.
    pub key: String,
    pub state: EffectState,
    pub intended_at: Timestamp,
    pub ended_at: Option<Timestamp>,
    pub resolved_by: Option<String>,
    pub reason: Option<String>,
}

/// Which approvals to list: newest first, `before` is the last row of the page before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ApprovalsQuery {
    pub tenant: Tenant,
    pub state: Option<ApprovalState>,
    pub job: Option<JobId>,
    pub before: Option<ApprovalId>,
    pub limit: usize,
}

/// Which effects to list: newest first, `before` is the last row of the page before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct EffectsQuery {
    pub tenant: Tenant,
    pub state: Option<EffectState>,
    pub job: Option<JobId>,
    pub before: Option<EffectId>,
    pub limit: usize,
}

/// What a shard needs of a live job before it folds it.
#[derive(Debug, Clone, PartialEq)]
pub struct LiveJobRow {
    pub id: JobId,
    pub tenant: Tenant,
    pub state: JobState,
    pub waiting_for: Option<WaitReason>,
    pub deadline: Option<Timestamp>,
    pub seq: u64,
    /// Tasks that have not succeeded.
    pub unfinished: u32,
}

/// A job as it was at a seq, so that its replay begins there. Disposable: the events before it stay.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    pub job: JobId,
    pub seq: u64,
    /// Version of the text's form; one that is not the reader's own is ignored.
    pub version: u16,
    pub text: String,
}

/// A snapshot, if there is one, and the records after it.
#[derive(Debug, Clone, PartialEq)]
pub struct History {
    pub job: JobId,
    pub snapshot: Option<Snapshot>,
    pub records: Vec<StoredRecord>,
}

/// A committed record.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredRecord {
    /// Position in the store, in commit order over all jobs.
    pub pos: u64,
    pub job: JobId,
    pub first_seq: u64,
    pub at: Timestamp,
    pub events: Arc<[JobEvent]>,
}

/// The answer given to an `Idempotency-Key`: the same key with the same body gets the same job for a day.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Remembered {
    pub key: String,
    /// SHA-256 of the request body, in hex.
    pub body_sha256: String,
    pub job: JobId,
    pub expires_at: Timestamp,
}

/// A job as reads see it: the one projection on the hot path.
#[derive(Debug, Clone, PartialEq)]
pub struct JobRow {
    pub id: JobId,
    pub tenant: Tenant,
    pub kind: Arc<str>,
    pub state: JobState,
    pub waiting_for: Option<WaitReason>,
    pub done: u32,
    pub total: u32,
    pub input: Payload,
    pub result: Option<Payload>,
    pub failure: Option<Failure>,
    pub failed_task: Option<TaskId>,
    pub priority: u8,
    pub labels: BTreeMap<String, String>,
    pub deadline: Option<Timestamp>,
    /// Seq of the last event in this row.
    pub seq: u64,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

impl JobRow {
    /// As lists have it: `input` is JSON null and `result` is None.
    pub fn in_short(&self) -> Self {
        Self {
            input: Payload::of(&()).expect("null is JSON"),
            result: None,
            ..self.clone()
        }
    }
}

/// The row of a job in memory.
pub fn row_of(job: &Job) -> JobRow {
    JobRow {
        id: job.id,
        tenant: job.tenant.clone(),
        kind: job.kind.clone(),
        state: job.state,
        waiting_for: job.waiting_for.clone(),
        done: job.succeeded_tasks,
        total: u32::try_from(job.tasks.len()).expect("a plan has far fewer than 2^32 tasks"),
        input: job.input.clone(),
        result: job.result().cloned(),
        failure: job.failure.as_ref().map(|(failure, _)| failure.clone()),
        failed_task: job.failure.as_ref().and_then(|(_, task)| *task),
        priority: job.priority,
        labels: job.labels.clone(),
        deadline: job.deadline,
        seq: job.seq,
        created_at: job.created_at,
        started_at: job.started_at,
        finished_at: job.finished_at,
    }
}

/// Which jobs to list: newest first, `before` is the last row of the page before.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct JobsQuery {
    pub tenant: Tenant,
    pub kind: Option<String>,
    pub state: Option<JobState>,
    pub before: Option<JobId>,
    pub limit: usize,
}

/// A supervision event as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SupervisionNote {
    /// Assigned by the store; 0 before.
    pub id: u64,
    pub at: Timestamp,
    /// The event as JSON text.
    pub event: Payload,
}
