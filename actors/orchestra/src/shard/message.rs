//! What a shard may be told.

use std::{collections::HashMap, sync::Arc};

use callboard_runtime::{Holding, Notice};
use serde::Serialize;
use tokio::sync::{OwnedSemaphorePermit, oneshot};

use crate::{
    crew::Delivery,
    id::{JobId, TaskId, Tenant},
    job::{Effect, Job, Submit},
    journal::JobRow,
    time::Timestamp,
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

pub type SubmitReply = oneshot::Sender<Result<Arc<JobRow>, CommandError>>;
pub type CancelReply = oneshot::Sender<Result<CancelReceipt, CommandError>>;

/// An admitted job under its own id: sending it twice makes one job.
pub struct NewJob {
    pub id: JobId,
    pub kind: &'static str,
    pub submit: Submit,
    /// Idempotency key, hash of the body, and when both may be forgotten.
    pub remember: Option<(String, String, Timestamp)>,
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

pub enum ShardMessage {
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
pub enum Recovery {
    /// Reads jobs; `None` is every live job of the shard.
    Load { asked: Option<Vec<JobId>> },
    Loaded {
        asked: Option<Vec<JobId>>,
        jobs: Vec<Job>,
    },
    /// Each job with what its committed state needs under way.
    Adopt {
        jobs: Vec<(JobId, Vec<Effect>)>,
        holdings: HashMap<Arc<str>, Vec<Holding>>,
    },
}
