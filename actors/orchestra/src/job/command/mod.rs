//! Commands: what may be asked of a job. One file each; every answer is events to journal and effects to run after.

mod adopt;
mod approval;
mod cancel;
mod effect;
mod expire;
mod growth;
mod pause;
mod plan_accepted;
mod release;
mod retry;
mod settle;
mod signal;
mod start;
mod submit;
mod task_failed;
mod task_finished;
mod wake;

pub use adopt::DEATHS_MAX;
pub use approval::Decision;
pub use effect::Resolution;
pub use settle::{PlanError, TASKS_MAX};
pub use signal::SIGNALS_KEPT_MAX;
pub use submit::{Submit, submit};
pub use task_finished::CLAIMS_MAX;

use std::time::Duration;

use super::{
    effect::Effect,
    event::JobEvent,
    fold::Job,
    task::{Task, TaskState, Wait},
};
use crate::{
    catalog::Catalog,
    context::Deliverables,
    id::{ApprovalId, EffectId, TaskId},
    outcome::{Failure, FailureKind},
    payload::Payload,
    policy::EffectClass,
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

#[derive(Debug, Clone)]
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
        after: Option<Duration>,
    },
    /// An attempt was performed, and brought what a job cannot take.
    TaskSpoiled {
        task: TaskId,
        attempt: u32,
        reason: String,
    },
    /// The role asked to be run again later, without using an attempt.
    TaskSnoozed {
        task: TaskId,
        attempt: u32,
        until: Timestamp,
    },
    /// The role cannot go on without a person's consent.
    ApprovalNeeded {
        task: TaskId,
        attempt: u32,
        why: String,
        within: Option<Duration>,
    },
    /// The role cannot go on before a signal has come.
    SignalNeeded {
        task: TaskId,
        attempt: u32,
        name: String,
        within: Option<Duration>,
    },
    /// The attempt is about to be handed out.
    Start {
        task: TaskId,
    },
    /// The server stops with the task queued, or in hand where it had `begun`.
    Release {
        task: TaskId,
        attempt: u32,
        begun: bool,
    },
    /// The instant of a retry, or the end of a wait, has come.
    Wake {
        task: TaskId,
    },
    /// The job was read from the journal; crews hold these tasks of it and no others.
    Adopt {
        held: Vec<TaskId>,
        is_new_process: bool,
    },
    Decide {
        approval: ApprovalId,
        decision: Decision,
        by: String,
        reason: Option<String>,
    },
    Signal {
        name: String,
        payload: Payload,
    },
    Resolve {
        effect: EffectId,
        resolution: Resolution,
        by: String,
        reason: Option<String>,
    },
    Pause {
        reason: String,
    },
    Resume {
        reason: String,
    },
    /// New attempts for tasks that have used theirs up.
    Retry,
    /// The job's deadline has passed.
    Expire,
    Cancel {
        reason: String,
    },
}

/// What a command comes to.
#[derive(Debug, Default, PartialEq)]
pub(super) struct Applied {
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
            ran_ms: None,
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
    #[error("the job is paused already")]
    Paused,
    #[error("the job is not paused")]
    NotPaused,
    #[error("no task of the job has used up its attempts")]
    NothingToRetry,
    #[error("the approval is not pending")]
    NotPending,
    #[error("the outcome of the effect is not unknown")]
    NotUnknown,
    #[error("the job keeps {SIGNALS_KEPT_MAX} signals that no task has waited for")]
    TooManySignals,
}

impl Refused {
    /// Stable, for programs.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Ended => "job_ended",
            Self::NoSuchTask => "no_such_task",
            Self::Stale => "stale_attempt",
            Self::Paused => "already_paused",
            Self::NotPaused => "not_paused",
            Self::NothingToRetry => "nothing_to_retry",
            Self::NotPending => "not_pending",
            Self::NotUnknown => "not_unknown",
            Self::TooManySignals => "too_many_signals",
        }
    }
}

/// Decides `command` for `job`.
pub(super) fn apply(job: &Job, command: Command, moment: Moment<'_>) -> Result<Applied, Refused> {
    if job.state.is_final() && !matches!(command, Command::Resolve { .. }) {
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
            Ok(task_failed::apply(job, task, failure, after, moment))
        }
        Command::TaskSpoiled {
            task,
            attempt,
            reason,
        } => Ok(spoiled(current(job, task, attempt)?, reason)),
        Command::TaskSnoozed {
            task,
            attempt,
            until,
        } => {
            let task = current(job, task, attempt)?;
            Ok(wake::snooze(task, until, moment.now))
        }
        Command::ApprovalNeeded {
            task,
            attempt,
            why,
            within,
        } => {
            let task = current(job, task, attempt)?;
            Ok(approval::request(job, task, why, within, moment))
        }
        Command::SignalNeeded {
            task,
            attempt,
            name,
            within,
        } => {
            let task = current(job, task, attempt)?;
            Ok(signal::wait(job, task, name, within, moment))
        }
        Command::Start { task } => {
            let task = job.task(task).ok_or(Refused::NoSuchTask)?;
            let task = current(job, task.id(), task.attempt)?;
            Ok(start::apply(job, task, moment))
        }
        Command::Release {
            task,
            attempt,
            begun,
        } => Ok(release::apply(current(job, task, attempt)?, begun)),
        Command::Wake { task } => wake::apply(job, task, moment),
        Command::Expire => Ok(expire::apply(job, moment)),
        Command::Cancel { reason } => Ok(cancel::apply(reason)),
        Command::Adopt {
            held,
            is_new_process,
        } => Ok(adopt::apply(job, &held, is_new_process)),
        Command::Decide {
            approval,
            decision,
            by,
            reason,
        } => approval::decide(job, approval, decision, by, reason),
        Command::Signal { name, payload } => signal::receive(job, &name, payload),
        Command::Resolve {
            effect,
            resolution,
            by,
            reason,
        } => effect::resolve(job, effect, resolution, by, reason, moment),
        Command::Pause { reason } => pause::pause(job, reason),
        Command::Resume { reason } => pause::resume(job, reason),
        Command::Retry => retry::apply(job),
    }
}

/// The task, if `attempt` is the one whose result is awaited.
fn current(job: &Job, id: TaskId, attempt: u32) -> Result<&Task, Refused> {
    let task = job.task(id).ok_or(Refused::NoSuchTask)?;
    let awaited = match task.state {
        TaskState::Ready | TaskState::Running | TaskState::Retrying => task.attempt == attempt,
        // Put off by a journal that does not say when the task was woken.
        TaskState::Waiting => task.attempt == attempt && task.wait == Some(Wait::Timer),
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

/// What the role brought cannot be taken; whether its effect took place, if it has one, is open.
fn spoiled(task: &Task, reason: String) -> Applied {
    match (task.entry.effect, task.intent) {
        (EffectClass::Once, Some(intent)) => {
            effect::lose(task, intent, Failure::new(FailureKind::Domain, reason))
        }
        (EffectClass::Once | EffectClass::Keyed | EffectClass::Idempotent, _) => {
            domain_failure(task, reason)
        }
    }
}

fn domain_failure(task: &Task, message: String) -> Applied {
    Applied::failed(
        Some((task.id(), task.attempt)),
        Failure::new(FailureKind::Domain, message),
    )
}
