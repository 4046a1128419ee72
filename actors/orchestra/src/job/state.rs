//! Where a job stands.

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// The state of a job.
///
/// | from | to | moved by |
/// |---|---|---|
/// | queued | planning | the shard, in the record of the submission |
/// | planning | running, aggregating | an accepted plan (aggregating when it has no tasks) |
/// | running | waiting | the last live task snoozed |
/// | waiting | running | its timer |
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

/// Why a job waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "reason", rename_all = "snake_case")]
pub enum WaitReason {
    /// Every live task asked to be run later; the earliest at `until`.
    Timer { until: Timestamp },
}

impl WaitReason {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Timer { .. } => "timer",
        }
    }
}
