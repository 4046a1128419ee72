//! What a task is given to work on: its input, the products it depends on, and the facts it may quote.

use std::sync::Arc;

use callboard_runtime::TaskKey;

use super::live::LiveJob;
use crate::{
    context::{Assignment, TaskInput},
    fact::VerifiedFact,
    id::{FactId, TaskId},
    job::{Job, Stage, Task, TaskState},
};

/// Name of the one input of a check.
const AGGREGATE_INPUT: &str = "aggregate";

impl LiveJob {
    pub(super) fn assignment(&self, id: TaskId, key: TaskKey) -> Assignment {
        let job = &self.job;
        let task = &job.tasks[id.index()];
        Assignment {
            job: job.id,
            tenant: job.tenant.clone(),
            task: id,
            name: task.entry.name.clone(),
            attempt: task.attempt,
            seed: job.seed ^ u64::from(id.0).wrapping_mul(0x9e37_79b9_7f4a_7c15),
            request_id: job.request_id.clone(),
            trace: job.trace.map(|parent| parent.of_attempt(key)),
            input: task.entry.input.clone(),
            inputs: inputs(job, task),
            facts: facts(job, task),
            snoozes: task.snoozes,
            consent: task.consent.clone(),
            signal: task.signal.clone(),
        }
    }
}

fn inputs(job: &Job, task: &Task) -> Arc<[TaskInput]> {
    match task.stage {
        Stage::Plan => Arc::default(),
        Stage::Execute => task
            .entry
            .after
            .iter()
            .filter_map(|id| input(job, job.task(*id)?))
            .collect(),
        Stage::Aggregate => job
            .tasks
            .iter()
            .filter(|task| task.stage == Stage::Execute && task.state == TaskState::Succeeded)
            .filter_map(|task| input(job, task))
            .collect(),
        Stage::Check => job
            .aggregate
            .and_then(|id| input(job, job.task(id)?))
            .map(|input| TaskInput {
                name: AGGREGATE_INPUT.to_owned(),
                ..input
            })
            .into_iter()
            .collect(),
    }
}

fn input(job: &Job, task: &Task) -> Option<TaskInput> {
    let id = task.id();
    let claims = job.facts.range(
        FactId { task: id, index: 0 }..=FactId {
            task: id,
            index: u32::MAX,
        },
    );
    Some(TaskInput {
        name: task.entry.name.to_string(),
        product: task.product.clone()?,
        claims: claims.map(|(_, fact)| fact.clone()).collect(),
    })
}

fn facts(job: &Job, task: &Task) -> Arc<[VerifiedFact]> {
    match task.stage {
        Stage::Plan | Stage::Execute => Arc::default(),
        Stage::Aggregate | Stage::Check => {
            job.facts.values().filter_map(VerifiedFact::of).collect()
        }
    }
}
