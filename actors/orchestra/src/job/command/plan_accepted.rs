//! The planning task succeeded: its product is read as a plan, linted, and the first wave goes out.

use super::{Applied, Moment, domain_failure, settle};
use crate::{
    context::Deliverables,
    job::{Effect, Job, JobEvent, Task},
    payload::Payload,
    plan::Plan,
};

pub(super) fn apply(
    job: &Job,
    task: &Task,
    product: &Payload,
    deliverables: &Deliverables,
    moment: Moment<'_>,
) -> Applied {
    if deliverables != &Deliverables::default() {
        return domain_failure(
            task,
            "a planner brings its plan and nothing beside it".to_owned(),
        );
    }
    let plan = match product.read::<Plan>() {
        Ok(plan) => plan,
        Err(error) => {
            return domain_failure(
                task,
                format!("the planner's product is not a plan: {error}"),
            );
        }
    };
    let settled = match settle::settle(job, plan, moment.catalog) {
        Ok(settled) => settled,
        Err(error) => return domain_failure(task, error.to_string()),
    };
    let ready = settled.tasks.iter().filter(|entry| entry.after.is_empty());
    let mut effects: Vec<Effect> = ready.map(|entry| Effect::Offer(entry.id)).collect();
    let (aggregate, empty) = (settled.aggregate.id, settled.tasks.is_empty());
    let mut events = vec![JobEvent::JobPlanned {
        tasks: settled.tasks,
        aggregate: settled.aggregate,
        check: settled.check,
        ran_ms: None,
    }];
    if empty {
        events.push(JobEvent::JobAggregating {});
        effects.push(Effect::Offer(aggregate));
    }
    Applied { events, effects }
}
