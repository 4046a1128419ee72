//! Which tasks of a job may run, and what must be under way in a given state.

use super::{effect::Effect, fold::Job, task::TaskState};
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

impl Job {
    /// What must be under way in this state: the effects a recovery runs.
    pub fn outstanding(&self) -> Vec<Effect> {
        if self.state.is_final() {
            return Vec::new();
        }
        let deadline = self.deadline.map(|at| Effect::Expire { at });
        let tasks = self
            .tasks
            .iter()
            .filter_map(|task| match (task.state, task.wake_at) {
                (TaskState::Ready | TaskState::Running, _) => Some(Effect::Offer(task.id())),
                (TaskState::Retrying | TaskState::Waiting, Some(at)) => Some(Effect::Wake {
                    task: task.id(),
                    at,
                }),
                (TaskState::Retrying | TaskState::Waiting, None)
                | (
                    TaskState::Pending
                    | TaskState::Succeeded
                    | TaskState::Failed
                    | TaskState::Skipped
                    | TaskState::Cancelled,
                    _,
                ) => None,
            });
        tasks.chain(deadline).collect()
    }
}
