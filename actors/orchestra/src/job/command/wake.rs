//! Snooze and wake: a task is put off to an instant, and taken up again, or given up, when it has come.

use std::time::Duration;

use super::{Applied, Moment, Refused, approval, signal};
use crate::{
    id::TaskId,
    job::{Effect, Job, JobEvent, Task, TaskState, Wait},
    time::Timestamp,
};

/// A role that asks for the past would be run without a pause.
const SNOOZE_MIN: Duration = Duration::from_millis(100);

pub(super) fn snooze(task: &Task, until: Timestamp, now: Timestamp) -> Applied {
    let until = until.max(now.plus(SNOOZE_MIN));
    Applied {
        events: vec![JobEvent::TaskSnoozed {
            task: task.id(),
            until,
            ran_ms: None,
        }],
        effects: vec![Effect::Wake {
            task: task.id(),
            at: until,
        }],
    }
}

pub(super) fn apply(job: &Job, id: TaskId, moment: Moment<'_>) -> Result<Applied, Refused> {
    let task = job.task(id).ok_or(Refused::NoSuchTask)?;
    if task.wake_at.is_none_or(|at| at > moment.now) {
        return Err(Refused::Stale);
    }
    let offer = vec![Effect::Offer(id)];
    match (task.state, &task.wait) {
        (TaskState::Retrying, _) => Ok(Applied {
            events: Vec::new(),
            effects: offer,
        }),
        (TaskState::Waiting, Some(Wait::Timer)) => Ok(Applied {
            events: vec![JobEvent::TaskWoken { task: id }],
            effects: offer,
        }),
        (TaskState::Waiting, Some(Wait::Approval { approval, .. })) => {
            Ok(approval::expire(task, *approval))
        }
        (TaskState::Waiting, Some(Wait::Signal { name })) => Ok(signal::expire(task, name)),
        (TaskState::Waiting, Some(Wait::UnknownOutcome { .. } | Wait::Operator) | None)
        | (
            TaskState::Pending
            | TaskState::Ready
            | TaskState::Running
            | TaskState::Succeeded
            | TaskState::Failed
            | TaskState::Skipped
            | TaskState::Cancelled,
            _,
        ) => Err(Refused::Stale),
    }
}
