//! Tasks added: a task that succeeds may bring more tasks, within the bounds of any plan.

use super::settle::{self, PlanError};
use crate::{
    catalog::Catalog,
    id::TaskId,
    job::{Effect, Job, JobEvent, TaskEntry, TaskState},
    plan::TaskSpec,
};

pub(super) fn add(
    job: &Job,
    by: TaskId,
    specs: Vec<TaskSpec>,
    catalog: &Catalog,
) -> Result<(JobEvent, Vec<Effect>), PlanError> {
    let tasks = settle::settle_growth(job, specs, catalog)?;
    let done = |id: &TaskId| {
        *id == by
            || job
                .task(*id)
                .is_some_and(|task| task.state == TaskState::Succeeded)
    };
    let is_ready = |entry: &&TaskEntry| entry.after.iter().all(done);
    let effects = tasks
        .iter()
        .filter(is_ready)
        .map(|entry| Effect::Offer(entry.id))
        .collect();
    Ok((JobEvent::TasksAdded { by, tasks }, effects))
}
