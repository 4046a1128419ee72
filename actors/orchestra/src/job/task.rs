//! A task as its job remembers it.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::event::TaskEntry;
use crate::{
    id::{ApprovalId, EffectId, TaskId},
    outcome::Failure,
    payload::Payload,
    time::Timestamp,
};

/// What part a task plays in its job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Stage {
    Plan,
    Execute,
    Aggregate,
    Check,
}

/// The state of a task. `Running` is journaled only for attempts whose start is committed before they are handed out;
/// of others it says that a crew has the ready task in hand at this moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TaskState {
    /// Waits for tasks it depends on.
    Pending,
    Ready,
    Running,
    /// Failed; the next attempt starts at `wake_at`.
    Retrying,
    /// Put off: `wait` says for what.
    Waiting,
    Succeeded,
    Failed,
    /// The job ended before it was ready.
    Skipped,
    /// The job ended while it was ready or in hand.
    Cancelled,
}

impl TaskState {
    /// A crew has it, or will have it without anybody's doing.
    pub const fn is_due(self) -> bool {
        match self {
            Self::Ready | Self::Running | Self::Retrying => true,
            Self::Pending
            | Self::Waiting
            | Self::Succeeded
            | Self::Failed
            | Self::Skipped
            | Self::Cancelled => false,
        }
    }

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

/// What a waiting task waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "for", rename_all = "snake_case")]
pub enum Wait {
    Timer,
    Approval {
        approval: ApprovalId,
        why: Arc<str>,
        since: Timestamp,
    },
    Signal {
        name: Arc<str>,
    },
    UnknownOutcome {
        effect: EffectId,
    },
    Operator,
}

/// An attempt whose effect is in the ledger: its entry, and when it was entered.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Intent {
    pub effect: EffectId,
    pub at: Timestamp,
}

/// A person's answer to a request for approval.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Consent {
    pub approval: ApprovalId,
    pub by: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
}

/// One task of a live job.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Task {
    pub entry: Arc<TaskEntry>,
    pub stage: Stage,
    pub state: TaskState,
    /// The attempt that runs or runs next; 1 is the first.
    pub attempt: u32,
    /// Seq of the event that last changed its state.
    pub moved: u64,
    /// Given back by an orderly stop: no process died with it in hand.
    pub released: bool,
    /// The last attempt that the retry policy, or an operator, allows.
    pub attempts_max: u32,
    pub panics: u32,
    /// Times it was put off to an instant.
    pub snoozes: u32,
    /// Process deaths during which it may have been in hand, since it last got anywhere.
    pub deaths: u32,
    /// Dependencies that have not succeeded.
    pub blocked_by: u32,
    pub dependents: Vec<TaskId>,
    /// When a retry starts or a wait ends by itself.
    pub wake_at: Option<Timestamp>,
    pub wait: Option<Wait>,
    /// The effect of the attempt that runs, or whose outcome is unknown.
    pub intent: Option<Intent>,
    /// The approval given to this task, for its next attempt to see.
    pub consent: Option<Consent>,
    /// The signal that ended its last wait.
    pub signal: Option<Payload>,
    pub product: Option<Payload>,
    /// The last failure, also while another attempt is due.
    pub failure: Option<Failure>,
    /// How long a worker had the last attempt that has ended, in milliseconds.
    #[serde(default)]
    pub ran_ms: Option<u64>,
    pub finished_at: Option<Timestamp>,
}

impl Task {
    pub(super) fn new(entry: TaskEntry, stage: Stage) -> Self {
        let attempts_max = entry.retry.attempts_max;
        Self {
            entry: Arc::new(entry),
            stage,
            state: TaskState::Pending,
            attempt: 1,
            moved: 0,
            released: false,
            attempts_max,
            panics: 0,
            snoozes: 0,
            deaths: 0,
            blocked_by: 0,
            dependents: Vec::new(),
            wake_at: None,
            wait: None,
            intent: None,
            consent: None,
            signal: None,
            product: None,
            failure: None,
            ran_ms: None,
            finished_at: None,
        }
    }

    pub fn id(&self) -> TaskId {
        self.entry.id
    }
}
