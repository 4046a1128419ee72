//! Which tasks of a job may run.

use super::{fold::Job, task::TaskState};
use crate::id::TaskId;

/// Tasks that wait for `finished` alone.
pub(super) fn unblocked_by(job: &Job, finished: TaskId) -> Vec<TaskId> {
    let Some(task) = job.task(finished) else {
        return Vec::new();
    };
    let waits_for_it_alone = |id: &TaskId| {
        job.task(*id)
            .is_some_and(|task| task.state == TaskState::Pending && task.blocked_by == 1)
    };
    task.dependents
        .iter()
        .copied()
        .filter(waits_for_it_alone)
        .collect()
}
