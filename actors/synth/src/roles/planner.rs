//! Cuts the ordered sets into shards: one task each, the manifest of all of them and its check.
//! Makes no rows. Planning has no effect outside, so a lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Plan, Role, RoleContext, RoleProfile, TaskSpec};

use super::{Archivist, Generator, Validator};
use crate::dataset::{Order, shards, stems};

pub struct Planner;

impl Role for Planner {
    const NAME: &'static str = "synth.planner";
    type Task = Order;
    type Product = Plan;

    fn profile() -> RoleProfile {
        RoleProfile {
            pure: true,
            ..RoleProfile::default()
        }
    }

    async fn perform(self: Rc<Self>, order: Order, _: RoleContext) -> Outcome<Plan> {
        match plan(&order) {
            Ok(plan) => Outcome::Done(plan),
            Err(error) => Outcome::Reject {
                reason: error.to_string(),
            },
        }
    }
}

fn plan(order: &Order) -> Result<Plan, serde_json::Error> {
    let mut tasks = Vec::new();
    for (request, stem) in order.sets.iter().zip(stems(order)) {
        for shard in shards(request, &stem) {
            let name = format!("{stem}:{}", shard.number);
            tasks.push(TaskSpec::new(name, Generator::NAME, &shard)?);
        }
    }
    Ok(Plan {
        tasks,
        aggregate: TaskSpec::new("manifest", Archivist::NAME, order)?,
        check: Some(TaskSpec::new("check", Validator::NAME, order)?),
    })
}
