//! An attempt came to nothing: retried by the task's policy, or the end of the job.

use std::time::Duration;

use super::{Applied, Moment};
use crate::{
    job::{Effect, JobEvent, Task},
    outcome::{Failure, FailureKind},
};

pub(super) fn apply(
    task: &Task,
    failure: Failure,
    after: Option<Duration>,
    moment: Moment<'_>,
) -> Applied {
    let policy = &task.entry.retry;
    let verdict = match failure.kind {
        FailureKind::Domain | FailureKind::Expired | FailureKind::Poisoned => Some(failure.clone()),
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
        | FailureKind::Retry => (task.attempt >= policy.attempts_max).then(|| failure.clone()),
    };
    if let Some(failure) = verdict {
        return Applied::failed(Some((task.id(), task.attempt)), failure);
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
        }],
        effects: vec![Effect::Wake {
            task: task.id(),
            at,
        }],
    }
}
