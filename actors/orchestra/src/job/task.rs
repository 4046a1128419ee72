//! A task as its job remembers it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::TaskEntry;
use crate::{id::TaskId, outcome::Failure, payload::Payload, time::Timestamp};

/// What part a task plays in its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Plan,
    Execute,
    Aggregate,
    Check,
}

/// The state of a task. `Running` is never journaled: it says that a crew has a ready task in hand at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for tasks it depends on.
    Pending,
    Ready,
    Running,
    /// Failed; the next attempt starts at `wake_at`.
    Retrying,
    /// Asked to be run again at `wake_at`.
    Waiting,
    Succeeded,
    Failed,
    /// The job ended before it was ready.
    Skipped,
    /// The job ended while it was ready or in hand.
    Cancelled,
}

impl TaskState {
    pub const fn is_final(self) -> bool {
        match self {
            Self::Succeeded | Self::Failed | Self::Skipped | Self::Cancelled => true,
            Self::Pending | Self::Ready | Self::Running | Self::Retrying | Self::Waiting => false,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Pending => "pending",
            Self::Ready => "ready",
            Self::Running => "running",
            Self::Retrying => "retrying",
            Self::Waiting => "waiting",
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Skipped => "skipped",
            Self::Cancelled => "cancelled",
        }
    }
}

/// One task of a live job.
#[derive(Debug, Clone, PartialEq)]
pub struct Task {
    pub entry: Arc<TaskEntry>,
    pub stage: Stage,
    pub state: TaskState,
    /// The attempt that runs or runs next; 1 is the first.
    pub attempt: u32,
    pub panics: u32,
    /// Dependencies that have not succeeded.
    pub blocked_by: u32,
    pub dependents: Vec<TaskId>,
    pub wake_at: Option<Timestamp>,
    pub product: Option<Payload>,
    /// The last failure, also while another attempt is due.
    pub failure: Option<Failure>,
    pub finished_at: Option<Timestamp>,
}

impl Task {
    pub(super) fn new(entry: TaskEntry, stage: Stage) -> Self {
        Self {
            entry: Arc::new(entry),
            stage,
            state: TaskState::Pending,
            attempt: 1,
            panics: 0,
            blocked_by: 0,
            dependents: Vec::new(),
            wake_at: None,
            product: None,
            failure: None,
            finished_at: None,
        }
    }

    pub fn id(&self) -> TaskId {
        self.entry.id
    }
}
