//! Where a job stands.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::{
    id::{ApprovalId, EffectId, TaskId},
    time::Timestamp,
};

/// The state of a job.
///
/// | from | to | moved by |
/// |---|---|---|
/// | queued | planning | the shard, in the record of the submission |
/// | planning | running, aggregating | an accepted plan (aggregating when it has no tasks) |
/// | planning, running, aggregating, validating | waiting | no task is due: timer, approval, signal, unknown outcome, operator; or a pause |
/// | waiting | planning, running, aggregating, validating | a task is due again |
/// | running | aggregating | the last task succeeded |
/// | aggregating | validating | the aggregate succeeded and the plan has a check |
/// | aggregating, validating | succeeded | the aggregate, or its check, succeeded |
/// | any but a final one | failed | a task failed for good, or the deadline passed |
/// | any but a final one | cancelled | a cancel command |
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
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

impl JobState {
    pub const ALL: [Self; 9] = [
        Self::Queued,
        Self::Planning,
        Self::Running,
        Self::Waiting,
        Self::Aggregating,
        Self::Validating,
        Self::Succeeded,
        Self::Failed,
        Self::Cancelled,
    ];

    /// A final state is never left.
    pub const fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
            Self::Queued
            | Self::Planning
            | Self::Running
            | Self::Waiting
            | Self::Aggregating
            | Self::Validating => false,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::Planning => "planning",
            Self::Running => "running",
            Self::Waiting => "waiting",
            Self::Aggregating => "aggregating",
            Self::Validating => "validating",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Cancelled => "cancelled",
        }
    }
}

/// Why a job waits. Of several reasons the one that needs a person most is named.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WaitReason {
    /// Every live task asked to be run later; the earliest at `until`.
    Timer { until: Timestamp },
    /// A task needs a person's consent.
    Approval {
        approval: ApprovalId,
        until: Timestamp,
    },
    /// A task waits for a signal to the job.
    Signal {
        name: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
    },
    /// Whether an effect that must not be repeated took place is for a person to find out.
    UnknownOutcome { effect: EffectId },
    /// A task has used up its attempts or was quarantined: an operator retries or cancels.
    Operator { task: TaskId },
    /// An operator paused the job.
    Paused {},
}

impl WaitReason {
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Timer { .. } => "timer",
            Self::Approval { .. } => "approval",
            Self::Signal { .. } => "signal",
            Self::UnknownOutcome { .. } => "unknown_outcome",
            Self::Operator { .. } => "operator",
            Self::Paused {} => "paused",
        }
    }

    /// When the wait ends by itself.
    pub const fn until(&self) -> Option<Timestamp> {
        match self {
            Self::Timer { until } | Self::Approval { until, .. } => Some(*until),
            Self::Signal { until, .. } => *until,
            Self::UnknownOutcome { .. } | Self::Operator { .. } | Self::Paused {} => None,
        }
    }
}
