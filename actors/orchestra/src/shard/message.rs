//! What a shard may be told.

use std::{collections::HashMap, sync::Arc};

use callboard_runtime::{Holding, Notice};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::{
    crew::Delivery,
    id::{JobId, TaskId, Tenant},
    job::{Job, Submit},
    journal::{JobRow, Remembered},
    writer::Settled,
};

/// Why a shard did not do what it was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CommandError {
    #[error("no such job")]
    NotFound,
    #[error("the job has ended")]
    Ended,
    #[error("the server is shutting down")]
    Draining,
    /// The journal refused, or the shard died on the way: nothing is acknowledged, and trying again is safe.
    #[error("the coordinator cannot answer at the moment")]
    Unavailable,
}

/// What a cancel came to, in tasks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CancelReceipt {
    /// Stopped before they had succeeded.
    pub stopped: u32,
    /// Succeeded before the cancel.
    pub already_done: u32,
}

pub(crate) type SubmitReply = oneshot::Sender<Result<Arc<JobRow>, CommandError>>;
pub(crate) type CancelReply = oneshot::Sender<Result<CancelReceipt, CommandError>>;

/// An admitted job under its own id: sending it twice makes one job.
pub(crate) struct NewJob {
    pub id: JobId,
    pub kind: &'static str,
    pub submit: Submit,
    pub remember: Option<Remembered>,
    pub permit: OwnedSemaphorePermit,
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
    pub done: u64,
    pub total: u64,
}

pub(crate) enum ShardMessage {
    Submit(Box<NewJob>),
    Cancel {
        job: JobId,
        tenant: Tenant,
        reason: String,
        reply: CancelReply,
    },
    /// What crews hold of a job.
    Tasks {
        job: JobId,
        reply: oneshot::Sender<Vec<HeldTask>>,
    },
    Crew {
        role: Arc<str>,
        notice: Notice<Delivery>,
    },
    Settled(Vec<Settled>),
    /// A timer may have come due.
    Due,
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
    /// Jobs as the journal has them and tasks as crews hold them. `asked` are the jobs that were to be read; `None` is
    /// every live job of the shard.
    Adopt {
        asked: Option<Vec<JobId>>,
        jobs: Vec<Job>,
        holdings: HashMap<Arc<str>, Vec<Holding>>,
    },
}
