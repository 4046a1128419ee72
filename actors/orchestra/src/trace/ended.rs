//! What is told of a job that is traced, and of its attempts, when they end.

use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::TraceContext;
use crate::{
    id::{JobId, TaskId, Tenant},
    job::JobState,
    outcome::FailureKind,
    time::Timestamp,
};

/// Hears what ends. Called by shards: it must not block.
pub type TellEnded = Arc<dyn Fn(Ended) + Send + Sync>;

#[derive(Debug, Clone)]
pub enum Ended {
    Job(EndedJob),
    Attempt(EndedAttempt),
}

/// A job whose end is committed.
#[derive(Debug, Clone)]
pub struct EndedJob {
    pub span: TraceContext,
    /// The span of the request that brought it.
    pub parent: TraceContext,
    pub job: JobId,
    pub tenant: Tenant,
    pub kind: Arc<str>,
    pub state: JobState,
    pub failure: Option<FailureKind>,
    pub created_at: Timestamp,
}

/// An attempt that a worker had.
#[derive(Debug, Clone)]
pub struct EndedAttempt {
    pub span: TraceContext,
    /// The span of the job.
    pub parent: TraceContext,
    pub job: JobId,
    pub tenant: Tenant,
    pub kind: Arc<str>,
    pub task: TaskId,
    pub name: Arc<str>,
    pub role: Arc<str>,
    pub attempt: u32,
    /// As in `callboard_task_duration_seconds`.
    pub outcome: &'static str,
    /// From the offer until a worker had it; not known of one that was withdrawn with its job.
    pub queued: Option<Duration>,
    /// Since a worker had it.
    pub elapsed: Duration,
    pub ended: Instant,
}
