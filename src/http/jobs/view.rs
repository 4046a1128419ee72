//! A job as clients see it.

use std::collections::BTreeMap;

use callboard_orchestra::{
    ApprovalId, EffectId, JobId, Payload, TaskId, Timestamp,
    job::{JobState, WaitReason},
    journal::JobRow,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::{auth::Permission, http::caller::Caller};

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// `job_` and 32 hex digits; ids sort by time of creation.
    #[schema(value_type = String, example = "job_019c8f0e5a7c7d0bb1a2c3d4e5f60718")]
    pub id: JobId,
    #[schema(example = "market.compare")]
    pub kind: String,
    #[schema(inline)]
    pub state: StateName,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waiting_for: Option<WaitingFor>,
    pub progress: Progress,
    /// The input as the kind normalised it. Lists leave it out, and so does every answer to a caller without the permission
    /// results:read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub input: Option<Payload>,
    /// Of a succeeded job. Left out as the input is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    pub result: Option<Payload>,
    /// Of a failed job.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error: Option<JobError>,
    /// 0 to 9, higher first.
    #[schema(example = 5)]
    pub priority: u8,
    pub labels: BTreeMap<String, String>,
    #[schema(example = "default")]
    pub tenant: String,
    /// RFC 3339.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    #[schema(example = "2026-01-31T09:30:00.000Z")]
    pub created_at: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub started_at: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<String>,
}

/// Tasks that have succeeded, of those known so far.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Progress {
    pub done: u32,
    pub total: u32,
}

/// Why a job waits.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WaitingFor {
    /// Every live task asked to be run later; the earliest at `until`.
    Timer { until: String },
    /// A task needs a person's consent; without it the job fails at `until`.
    Approval {
        #[schema(value_type = String)]
        approval: ApprovalId,
        until: String,
    },
    /// A task waits for this signal; without it the job fails at `until`.
    Signal {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// Whether an effect that must not be repeated took place is for a person to find out.
    UnknownOutcome {
        #[schema(value_type = String)]
        effect: EffectId,
    },
    /// A task has used up its attempts or was quarantined: retry or cancel.
    Operator {
        #[schema(value_type = u32)]
        task: TaskId,
    },
    /// An operator paused the job.
    Paused {},
}

impl WaitingFor {
    fn of(reason: &WaitReason) -> Self {
        match reason {
            WaitReason::Timer { until } => Self::Timer {
                until: until.rfc3339(),
            },
            WaitReason::Approval { approval, until } => Self::Approval {
                approval: *approval,
                until: until.rfc3339(),
            },
            WaitReason::Signal { name, until } => Self::Signal {
                name: name.to_string(),
                until: until.map(Timestamp::rfc3339),
            },
            WaitReason::UnknownOutcome { effect } => Self::UnknownOutcome { effect: *effect },
            WaitReason::Operator { task } => Self::Operator { task: *task },
            WaitReason::Paused {} => Self::Paused {},
        }
    }
}

/// Why a job failed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    #[schema(example = "timeout")]
    pub code: String,
    pub message: String,
    /// The task that brought the job down.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<u32>)]
    pub task: Option<TaskId>,
}

/// A state of a job on the wire.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(transparent)]
#[schema(value_type = JobStateName)]
pub struct StateName(pub JobState);

/// The states of a job; the last three are final.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(
    dead_code,
    reason = "names the states for the API description; a test holds it to `JobState::ALL`"
)]
pub enum JobStateName {
    Queued,
    Planning,
    Running,
    Waiting,
    Aggregating,
    Validating,
    Succeeded,
    Failed,
    Cancelled,
}

impl JobView {
    pub fn of(row: &JobRow) -> Self {
        Self {
            input: Some(row.input.clone()),
            result: row.result.clone(),
            ..Self::in_list(row)
        }
    }

    /// The same without what the caller may not see.
    pub fn seen_by(mut self, caller: &Caller) -> Self {
        if !caller.may(Permission::ResultsRead) {
            (self.input, self.result) = (None, None);
        }
        if let Some(error) = &mut self.error
            && !caller.may(Permission::LogsRead)
        {
            error.message = String::new();
        }
        self
    }

    /// Without input and result, which may be large.
    pub fn in_list(row: &JobRow) -> Self {
        Self {
            id: row.id,
            kind: row.kind.to_string(),
            state: StateName(row.state),
            waiting_for: row.waiting_for.as_ref().map(WaitingFor::of),
            progress: Progress {
                done: row.done,
                total: row.total,
            },
            input: None,
            result: None,
            error: row.failure.as_ref().map(|failure| JobError {
                code: failure.kind.code().to_owned(),
                message: failure.message.clone(),
                task: row.failed_task,
            }),
            priority: row.priority,
            labels: row.labels.clone(),
            tenant: row.tenant.to_string(),
            deadline: row.deadline.map(|at| at.rfc3339()),
            created_at: row.created_at.rfc3339(),
            started_at: row.started_at.map(|at| at.rfc3339()),
            finished_at: row.finished_at.map(|at| at.rfc3339()),
        }
    }
}
