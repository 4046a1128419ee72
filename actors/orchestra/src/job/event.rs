//! What happened to a job. Events are the truth: the state of a job is their fold, and streams carry them as they are.
//!
//! Events carry every figure that was drawn or configured when they were made (ids, delays, limits), so that the fold
//! needs no clock, randomness or configuration. A change of shape raises `EVENTS_VERSION` and adds an upcast in
//! `journal::codec`.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::state::WaitReason;
use crate::{
    artifact::Artifact,
    fact::{Claim, Verdict},
    id::{FactId, TaskId, Tenant},
    outcome::Failure,
    payload::Payload,
    policy::{RetryPolicy, millis},
    time::Timestamp,
};

/// Version of the event vocabulary that this release writes.
pub const EVENTS_VERSION: u16 = 2;

/// A task as the plan settled it: names resolved to ids, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEntry {
    pub id: TaskId,
    pub name: Arc<str>,
    pub role: Arc<str>,
    pub input: Payload,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<TaskId>,
    #[serde(rename = "timeout_ms", with = "millis")]
    pub timeout: Duration,
    pub retry: RetryPolicy,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum JobEvent {
    #[serde(rename = "job.submitted")]
    JobSubmitted {
        tenant: Tenant,
        kind: Arc<str>,
        input: Payload,
        priority: u8,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        labels: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        /// Seed of everything random in the job.
        seed: u64,
        /// Of the request that brought the job: joins the logs of client, server and roles.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<Arc<str>>,
    },
    #[serde(rename = "job.planning")]
    JobPlanning { task: TaskEntry },
    /// The planning task succeeded; its product is this plan.
    #[serde(rename = "job.planned")]
    JobPlanned {
        tasks: Vec<TaskEntry>,
        aggregate: TaskEntry,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<TaskEntry>,
    },
    #[serde(rename = "tasks.added")]
    TasksAdded { by: TaskId, tasks: Vec<TaskEntry> },
    #[serde(rename = "task.succeeded")]
    TaskSucceeded {
        task: TaskId,
        attempt: u32,
        product: Payload,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        claims: Vec<Claim>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        verdicts: Vec<Verdict>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        quotes: Vec<FactId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        artifacts: Vec<Artifact>,
    },
    #[serde(rename = "task.retried")]
    TaskRetried {
        task: TaskId,
        attempt: u32,
        cause: Failure,
        at: Timestamp,
    },
    #[serde(rename = "task.snoozed")]
    TaskSnoozed { task: TaskId, until: Timestamp },
    /// The server stopped while the task was in hand; the attempt does not count.
    #[serde(rename = "task.released")]
    TaskReleased { task: TaskId },
    #[serde(rename = "task.failed")]
    TaskFailed {
        task: TaskId,
        attempt: u32,
        failure: Failure,
    },
    #[serde(rename = "job.waiting")]
    JobWaiting { waiting_for: WaitReason },
    #[serde(rename = "job.running")]
    JobRunning {},
    #[serde(rename = "job.aggregating")]
    JobAggregating {},
    #[serde(rename = "job.validating")]
    JobValidating {},
    /// The result is the product of the aggregate task.
    #[serde(rename = "job.succeeded")]
    JobSucceeded {},
    #[serde(rename = "job.failed")]
    JobFailed {
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
    },
    #[serde(rename = "job.cancelled")]
    JobCancelled { reason: String },
}

impl JobEvent {
    /// The event's name on streams and in the journal.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JobSubmitted { .. } => "job.submitted",
            Self::JobPlanning { .. } => "job.planning",
            Self::JobPlanned { .. } => "job.planned",
            Self::TasksAdded { .. } => "tasks.added",
            Self::TaskSucceeded { .. } => "task.succeeded",
            Self::TaskRetried { .. } => "task.retried",
            Self::TaskSnoozed { .. } => "task.snoozed",
            Self::TaskReleased { .. } => "task.released",
            Self::TaskFailed { .. } => "task.failed",
            Self::JobWaiting { .. } => "job.waiting",
            Self::JobRunning {} => "job.running",
            Self::JobAggregating {} => "job.aggregating",
            Self::JobValidating {} => "job.validating",
            Self::JobSucceeded {} => "job.succeeded",
            Self::JobFailed { .. } => "job.failed",
            Self::JobCancelled { .. } => "job.cancelled",
        }
    }

    /// True for the events after which a job changes no more.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::JobSucceeded {} | Self::JobFailed { .. } | Self::JobCancelled { .. }
        )
    }
}
