//! An attempt came to nothing: retried by the task's policy, or the end of the job.

use std::time::Duration;

use super::{Applied, Moment, effect};
use crate::{
    job::{Effect, Job, JobEvent, Task},
    outcome::{Failure, FailureKind},
    policy::{EffectClass, OnExhausted},
};

pub(super) fn apply(
    job: &Job,
    task: &Task,
    failure: Failure,
    after: Option<Duration>,
    moment: Moment<'_>,
) -> Applied {
    let policy = &task.entry.retry;
    if let (EffectClass::Once, Some(intent), true) = (
        task.entry.effect,
        task.intent,
        leaves_outcome_open(failure.kind),
    ) {
        return effect::lose(task, intent, failure);
    }
    let verdict = match failure.kind {
        FailureKind::Domain
        | FailureKind::Expired
        | FailureKind::Poisoned
        | FailureKind::Refused
        | FailureKind::Unanswered => {
            return Applied::failed(Some((task.id(), task.attempt)), failure);
        }
        FailureKind::Panicked if task.panics + 1 >= policy.panics_max => Some(Failure::new(
            FailureKind::Poisoned,
            format!(
                "panicked its role {} times: {}",
                task.panics + 1,
                failure.message
            ),
        )),
        FailureKind::BreakerOpen => None,
        FailureKind::Panicked
        | FailureKind::Aborted
        | FailureKind::Timeout
        | FailureKind::Stalled
        | FailureKind::WorkerLost
        | FailureKind::Unstored
        | FailureKind::Retry => (task.attempt >= task.attempts_max).then(|| failure.clone()),
    };
    if let Some(failure) = verdict {
        return exhausted(job, task, failure);
    }
    let uses_attempt = failure.kind != FailureKind::BreakerOpen;
    let attempt = task.attempt + u32::from(uses_attempt);
    let delay = after.unwrap_or_else(|| policy.delay(attempt.max(2), moment.seed));
    let at = moment.now.plus(delay);
    Applied {
        events: vec![JobEvent::TaskRetried {
            task: task.id(),
            attempt,
            cause: failure,
            at,
            ran_ms: None,
        }],
        effects: vec![Effect::Wake {
            task: task.id(),
            at,
        }],
    }
}

fn exhausted(job: &Job, task: &Task, failure: Failure) -> Applied {
    match job.on_exhausted {
        OnExhausted::Fail => Applied::failed(Some((task.id(), task.attempt)), failure),
        OnExhausted::Pause => Applied {
            events: vec![JobEvent::TaskExhausted {
                task: task.id(),
                attempt: task.attempt,
                failure,
                ran_ms: None,
            }],
            effects: Vec::new(),
        },
    }
}

/// Whether an attempt that ended so may have had its effect. A role that asks for a retry says that it had none.
const fn leaves_outcome_open(kind: FailureKind) -> bool {
    match kind {
        FailureKind::Panicked
        | FailureKind::Aborted
        | FailureKind::Timeout
        | FailureKind::Stalled
        | FailureKind::WorkerLost
        | FailureKind::Unstored => true,
        FailureKind::Domain
        | FailureKind::BreakerOpen
        | FailureKind::Retry
        | FailureKind::Poisoned
        | FailureKind::Expired
        | FailureKind::Refused
        | FailureKind::Unanswered => false,
    }
}
