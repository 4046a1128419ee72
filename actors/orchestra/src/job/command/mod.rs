//! Commands: what may be asked of a job. One file each; every answer is events to journal and effects to run after.

mod cancel;
mod expire;
mod growth;
mod plan_accepted;
mod release;
mod settle;
mod submit;
mod task_failed;
mod task_finished;
mod wake;

pub use settle::{PlanError, TASKS_MAX};
pub use submit::{Submit, submit};
pub use task_finished::CLAIMS_MAX;

use super::{
    effect::Effect,
    event::JobEvent,
    fold::Job,
    task::{Task, TaskState},
};
use crate::{
    catalog::Catalog,
    context::Deliverables,
    id::TaskId,
    outcome::{Failure, FailureKind},
    payload::Payload,
    time::Timestamp,
};

/// Time, randomness and the known roles, given to a command from outside so that `apply` is pure.
#[derive(Clone, Copy)]
pub struct Moment<'a> {
    pub now: Timestamp,
    /// Drawn afresh for every command.
    pub seed: u64,
    pub catalog: &'a Catalog,
}

pub enum Command {
    /// An attempt succeeded.
    TaskFinished {
        task: TaskId,
        attempt: u32,
        product: Payload,
        deliverables: Deliverables,
    },
    /// An attempt came to nothing; `after` is the delay the role asked for.
    TaskFailed {
        task: TaskId,
        attempt: u32,
        failure: Failure,
        after: Option<std::time::Duration>,
    },
    /// The role asked to be run again later, without using an attempt.
    TaskSnoozed {
        task: TaskId,
        attempt: u32,
        until: Timestamp,
    },
    /// The server stops with the task in hand.
    Release {
        task: TaskId,
        attempt: u32,
    },
    /// The instant of a retry or a snooze has come.
    Wake {
        task: TaskId,
    },
    /// The job's deadline has passed.
    Expire,
    Cancel {
        reason: String,
    },
}

/// What a command comes to.
#[derive(Debug, Default, PartialEq)]
pub struct Applied {
    pub events: Vec<JobEvent>,
    pub effects: Vec<Effect>,
}

impl Applied {
    /// The job fails, with the task that brought it down.
    fn failed(task: Option<(TaskId, u32)>, failure: Failure) -> Self {
        let task_failed = task.map(|(task, attempt)| JobEvent::TaskFailed {
            task,
            attempt,
            failure: failure.clone(),
        });
        let job_failed = JobEvent::JobFailed {
            failure: failure.clone(),
            task: task.map(|(task, _)| task),
        };
        Self {
            events: task_failed.into_iter().chain([job_failed]).collect(),
            effects: vec![Effect::End],
        }
    }
}

/// Why a command does not apply. Nothing changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("the job has ended")]
    Ended,
    #[error("the job has no such task")]
    NoSuchTask,
    /// A result of an attempt that is not the current one, or of a task that is already decided.
    #[error("the attempt is not the current one")]
    Stale,
}

/// Decides `command` for `job`.
pub fn apply(job: &Job, command: Command, moment: Moment<'_>) -> Result<Applied, Refused> {
    if job.state.is_final() {
        return Err(Refused::Ended);
    }
    match command {
        Command::TaskFinished {
            task,
            attempt,
            product,
            deliverables,
        } => {
            let task = current(job, task, attempt)?;
            Ok(task_finished::apply(
                job,
                task,
                product,
                deliverables,
                moment,
            ))
        }
        Command::TaskFailed {
            task,
            attempt,
            failure,
            after,
        } => {
            let task = current(job, task, attempt)?;
            Ok(task_failed::apply(task, failure, after, moment))
        }
        Command::TaskSnoozed {
            task,
            attempt,
            until,
        } => {
            let task = current(job, task, attempt)?;
            Ok(wake::snooze(job, task, until, moment.now))
        }
        Command::Release { task, attempt } => Ok(release::apply(current(job, task, attempt)?)),
        Command::Wake { task } => wake::apply(job, task, moment),
        Command::Expire => Ok(expire::apply(job, moment)),
        Command::Cancel { reason } => Ok(cancel::apply(reason)),
    }
}

/// The task, if `attempt` is the one whose result is awaited.
fn current(job: &Job, id: TaskId, attempt: u32) -> Result<&Task, Refused> {
    let task = job.task(id).ok_or(Refused::NoSuchTask)?;
    let awaited = match task.state {
        TaskState::Ready | TaskState::Running | TaskState::Retrying | TaskState::Waiting => {
            task.attempt == attempt
        }
        TaskState::Pending
        | TaskState::Succeeded
        | TaskState::Failed
        | TaskState::Skipped
        | TaskState::Cancelled => false,
    };
    if awaited {
        Ok(task)
    } else {
        Err(Refused::Stale)
    }
}

fn domain_failure(task: &Task, message: String) -> Applied {
    Applied::failed(
        Some((task.id(), task.attempt)),
        Failure::new(FailureKind::Domain, message),
    )
}
