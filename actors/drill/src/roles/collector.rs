//! Adds up what the runners brought.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext, RoleProfile};

use super::runner::Trophy;
use crate::fanout::Tally;

pub struct Collector;

impl Role for Collector {
    const NAME: &'static str = "drill.collector";
    type Task = ();
    type Product = Tally;

    async fn perform(self: Rc<Self>, _task: (), ctx: RoleContext) -> Outcome<Tally> {
        let mut tally = Tally { tasks: 0, sum: 0 };
        for input in ctx.inputs() {
            match input.product.read::<Trophy>() {
                Ok(trophy) => {
                    tally.tasks += 1;
                    tally.sum += u64::from(trophy.number);
                }
                Err(error) => {
                    return Outcome::Reject {
                        reason: format!("{}: {error}", input.name),
                    };
                }
            }
        }
        Outcome::Done(tally)
    }

    fn profile() -> RoleProfile {
        RoleProfile {
            pure: true,
            ..RoleProfile::default()
        }
    }
}
