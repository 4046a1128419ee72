//! Rows of the journal and of its projections.

use std::{collections::BTreeMap, sync::Arc};

use serde::{Deserialize, Serialize};

use super::aside::Asides;
use crate::{
    audit::AuditEntry,
    id::{JobId, TaskId, Tenant},
    job::{Job, JobEvent, JobState, WaitReason},
    outcome::Failure,
    payload::Payload,
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
    /// Rows of the other projections that these events changed; empty for most records.
    pub asides: Asides,
    /// What the audit log is told of the command.
    pub audit: Vec<AuditEntry>,
}

impl Record {
    /// Seq of the last event.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.events.len() as u64 - 1
    }
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

impl StoredRecord {
    /// Seq of the last event.
    pub fn last_seq(&self) -> u64 {
        self.first_seq + self.events.len() as u64 - 1
    }
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
