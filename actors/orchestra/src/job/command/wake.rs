//! Snooze and wake: a task is put off to an instant, and taken up again when it has come.

use std::time::Duration;

use super::{Applied, Moment, Refused};
use crate::{
    id::TaskId,
    job::{Effect, Job, JobEvent, JobState, Stage, Task, TaskState, WaitReason},
    time::Timestamp,
};

/// A role that asks for the past would be run without a pause.
const SNOOZE_MIN: Duration = Duration::from_millis(100);

pub(super) fn snooze(job: &Job, task: &Task, until: Timestamp, now: Timestamp) -> Applied {
    let until = until.max(now.plus(SNOOZE_MIN));
    let mut events = vec![JobEvent::TaskSnoozed {
        task: task.id(),
        until,
    }];
    let others = || job.tasks.iter().filter(|other| other.id() != task.id());
    let busy = others().any(|other| match other.state {
        TaskState::Ready | TaskState::Running | TaskState::Retrying => true,
        TaskState::Waiting => other.wake_at.is_some_and(|at| at <= now),
        TaskState::Pending
        | TaskState::Succeeded
        | TaskState::Failed
        | TaskState::Skipped
        | TaskState::Cancelled => false,
    });
    if task.stage == Stage::Execute && !busy {
        let earliest = others()
            .filter(|other| other.state == TaskState::Waiting)
            .filter_map(|other| other.wake_at)
            .fold(until, Ord::min);
        events.push(JobEvent::JobWaiting {
            waiting_for: WaitReason::Timer { until: earliest },
        });
    }
    Applied {
        events,
        effects: vec![Effect::Wake {
            task: task.id(),
            at: until,
        }],
    }
}

pub(super) fn apply(job: &Job, id: TaskId, moment: Moment<'_>) -> Result<Applied, Refused> {
    let task = job.task(id).ok_or(Refused::NoSuchTask)?;
    let due = match task.state {
        TaskState::Retrying | TaskState::Waiting => task.wake_at.is_some_and(|at| at <= moment.now),
        TaskState::Pending
        | TaskState::Ready
        | TaskState::Running
        | TaskState::Succeeded
        | TaskState::Failed
        | TaskState::Skipped
        | TaskState::Cancelled => false,
    };
    if !due {
        return Err(Refused::Stale);
    }
    let resumed = (job.state == JobState::Waiting).then_some(JobEvent::JobRunning {});
    Ok(Applied {
        events: resumed.into_iter().collect(),
        effects: vec![Effect::Offer(id)],
    })
}
