//! What a shard may be told.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use callboard_runtime::{Holding, Notice};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::{
    audit::Deed,
    author::Author,
    crew::Delivery,
    id::{JobId, TaskId, Tenant},
    job::{Command, Job, Refused, Submit},
    journal::{JobRow, LiveJobRow, Remembered},
    time::Timestamp,
    why::Owner,
    writer::Settled,
};

/// Why a shard did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("no such job")]
    NotFound,
    #[error("the job has ended")]
    Ended,
    #[error(transparent)]
    Refused(Refused),
    #[error("the server is shutting down")]
    Draining,
    /// The journal refused, or the shard died on the way: nothing is acknowledged, and trying again is safe.
    #[error("the coordinator cannot answer at the moment")]
    Unavailable,
}

impl From<Refused> for CommandError {
    fn from(refused: Refused) -> Self {
        if refused == Refused::Ended {
            Self::Ended
        } else {
            Self::Refused(refused)
        }
    }
}

/// What a cancel came to, in tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CancelReceipt {
    /// Stopped before they had succeeded.
    pub stopped: u32,
    /// Succeeded before the cancel.
    pub already_done: u32,
    /// In hand with an effect that must not be repeated: whether it took place is for a person to find out.
    pub unknown_outcome: u32,
}

/// A command that was committed.
#[derive(Debug, Clone)]
pub struct Controlled {
    /// The job after it.
    pub row: Arc<JobRow>,
    pub receipt: CancelReceipt,
}

pub(crate) type SubmitReply = oneshot::Sender<Result<Arc<JobRow>, CommandError>>;
pub(crate) type ControlReply = oneshot::Sender<Result<Controlled, CommandError>>;

/// An admitted job under its own id: sending it twice makes one job.
pub(crate) struct NewJob {
    pub id: JobId,
    pub kind: &'static str,
    pub submit: Submit,
    pub remember: Option<Remembered>,
    pub deed: Deed,
    pub permit: OwnedSemaphorePermit,
    /// The caller waits for the end of the job, and not for its submission to be committed.
    pub patient: bool,
    pub reply: SubmitReply,
}

impl NewJob {
    pub(super) fn answer(self, answer: Result<Arc<JobRow>, CommandError>) {
        // Err means that the caller has gone.
        let _ = self.reply.send(answer);
    }
}

/// A task that a crew holds at this moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HeldTask {
    pub task: TaskId,
    pub attempt: u32,
    /// None while it queues.
    pub worker: Option<u32>,
    /// When the worker took it.
    pub taken_at: Option<Timestamp>,
    pub done: u64,
    pub total: u64,
}

/// How fast a role has been.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RolePace {
    /// Exponentially weighted mean of the time an attempt takes, in milliseconds.
    pub mean_ms: f64,
    /// Attempts its crew has in hand at most.
    pub slots: u32,
}

/// What a shard knows of a job beside its journal.
#[derive(Debug, Default)]
pub(crate) struct Look {
    pub held: Vec<HeldTask>,
    pub paces: HashMap<String, RolePace>,
    /// None when no shard answered.
    pub owner: Option<Owner>,
}

/// What a caller asks of a job.
pub(crate) struct Control {
    pub job: JobId,
    pub tenant: Tenant,
    pub command: Command,
    pub author: Author,
    pub reply: ControlReply,
}

impl Control {
    pub(super) fn answer(self, answer: Result<Controlled, CommandError>) {
        // Err means that the caller has gone.
        let _ = self.reply.send(answer);
    }
}

#[expect(
    clippy::large_enum_variant,
    reason = "what crews say is nearly every message, and a box of it an allocation a task"
)]
pub(crate) enum ShardMessage {
    Submit(Box<NewJob>),
    Control(Box<Control>),
    /// What crews hold of a job.
    Tasks {
        job: JobId,
        reply: oneshot::Sender<Look>,
    },
    Crew {
        role: Arc<str>,
        notice: Notice<Delivery>,
    },
    Settled(Vec<Settled>),
    /// A timer may have come due.
    Due,
    /// Time to look for jobs that nothing moves.
    Survey,
    Recovery {
        incarnation: u64,
        step: Recovery,
    },
    /// Answered when nothing is in hand and everything appended is committed.
    Drain {
        reply: oneshot::Sender<()>,
    },
    /// The grace of a drain is over: tasks still in hand go back to the journal.
    Release,
}

/// A step on the way to holding jobs; a step of an earlier incarnation is ignored.
pub(crate) enum Recovery {
    /// Reads what is to be read again.
    Load,
    /// Jobs as the journal has them, and tasks as crews hold them.
    Adopt(Page),
    /// Jobs that were parked, or have ended, as the journal has them; crews hold nothing of them.
    Fetched { asked: Vec<JobId>, jobs: Vec<Job> },
}

/// Some of the jobs that a shard takes into memory at one time.
pub(crate) struct Page {
    /// The jobs that were to be read; `None` is every live job of the shard.
    pub asked: Option<Arc<HashSet<JobId>>>,
    pub jobs: Vec<Job>,
    /// Jobs that wait for an instant: not folded before it has come.
    pub waiting: Vec<LiveJobRow>,
    pub holdings: Arc<HashMap<Arc<str>, Vec<Holding>>>,
    /// Number of the reading; 0 is the one of every live job.
    pub load: u64,
    pub is_last: bool,
}
