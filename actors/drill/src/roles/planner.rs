//! Plans a fan-out: equal tasks that need nothing of each other, then the sum.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Plan, Role, RoleContext, RoleProfile, TaskSpec};

use super::runner::Errand;
use crate::fanout::Fanout;

pub struct Planner;

impl Role for Planner {
    const NAME: &'static str = "drill.planner";
    type Task = Fanout;
    type Product = Plan;

    async fn perform(self: Rc<Self>, fanout: Fanout, _ctx: RoleContext) -> Outcome<Plan> {
        match plan(&fanout) {
            Ok(plan) => Outcome::Done(plan),
            Err(error) => Outcome::Reject {
                reason: error.to_string(),
            },
        }
    }

    fn profile() -> RoleProfile {
        RoleProfile {
            pure: true,
            ..RoleProfile::default()
        }
    }
}

fn plan(fanout: &Fanout) -> Result<Plan, serde_json::Error> {
    let tasks = (1..=fanout.tasks)
        .map(|number| {
            let errand = Errand {
                number,
                wait_ms: fanout.wait_ms,
                payload_bytes: fanout.payload_bytes,
                snooze_ms: fanout.snooze_ms,
            };
            TaskSpec::new(format!("run:{number}"), "drill.runner", &errand)
        })
        .collect::<Result<_, _>>()?;
    Ok(Plan {
        tasks,
        aggregate: TaskSpec::new("collect", "drill.collector", &())?,
        check: None,
    })
}
