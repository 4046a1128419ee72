//! Retry: an operator gives tasks that have used up their attempts new ones; everything else of the job stays.

use super::{Applied, Refused};
use crate::job::{Effect, Job, JobEvent, Task, TaskState, Wait};

pub(super) fn apply(job: &Job) -> Result<Applied, Refused> {
    let given_up: Vec<&Task> = job.tasks.iter().filter(|task| is_given_up(task)).collect();
    if given_up.is_empty() {
        return Err(Refused::NothingToRetry);
    }
    Ok(Applied {
        events: given_up.iter().map(|task| renewed(task)).collect(),
        effects: given_up
            .iter()
            .map(|task| Effect::Offer(task.id()))
            .collect(),
    })
}

/// As many attempts again as the task's policy allows.
pub(super) fn renewed(task: &Task) -> JobEvent {
    JobEvent::TaskRenewed {
        task: task.id(),
        attempt: task.attempt + 1,
        attempts_max: task.attempt + task.entry.retry.attempts_max,
    }
}

fn is_given_up(task: &Task) -> bool {
    task.state == TaskState::Waiting && task.wait == Some(Wait::Operator)
}
