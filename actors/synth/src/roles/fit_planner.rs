//! Plans a fit: the measurement, which adds the pieces of the imitation where one is wanted, their inventory and its check.
//! Measures nothing. Planning has no effect outside, so a lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Plan, Role, RoleContext, RoleProfile, TaskSpec};

use super::{FitAuditor, FitReporter, Fitter, fitter::PROFILE_TASK};
use crate::fit::FitOrder;

pub struct FitPlanner;

impl Role for FitPlanner {
    const NAME: &'static str = "synth.fit_planner";
    type Task = FitOrder;
    type Product = Plan;

    fn profile() -> RoleProfile {
        RoleProfile {
            pure: true,
            ..RoleProfile::default()
        }
    }

    async fn perform(self: Rc<Self>, order: FitOrder, _: RoleContext) -> Outcome<Plan> {
        match plan(&order) {
            Ok(plan) => Outcome::Done(plan),
            Err(error) => Outcome::Reject {
                reason: error.to_string(),
            },
        }
    }
}

fn plan(order: &FitOrder) -> Result<Plan, serde_json::Error> {
    // The sample itself goes to one task only.
    let wanted = FitOrder {
        csv: None,
        profile: None,
        ..order.clone()
    };
    Ok(Plan {
        tasks: vec![TaskSpec::new(PROFILE_TASK, Fitter::NAME, order)?],
        aggregate: TaskSpec::new("portrait", FitReporter::NAME, &wanted)?,
        check: Some(TaskSpec::new("check", FitAuditor::NAME, &wanted)?),
    })
}
