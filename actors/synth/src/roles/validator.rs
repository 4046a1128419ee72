//! Judges what was made: every row in exactly one file, the shares and rates that were asked for, and by a sample of rows
//! made once more, that they hold together. Changes nothing, so a lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext};
use serde::Serialize;

use crate::dataset::{Manifest, Order, judge};

/// What was checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Passed {
    pub checks: Vec<String>,
}

pub struct Validator;

impl Role for Validator {
    const NAME: &'static str = "synth.validator";
    type Task = Order;
    type Product = Passed;

    async fn perform(self: Rc<Self>, order: Order, ctx: RoleContext) -> Outcome<Passed> {
        let manifest: Manifest = match ctx.inputs().first().map(|input| input.product.read()) {
            Some(Ok(manifest)) => manifest,
            Some(Err(error)) => {
                return Outcome::Reject {
                    reason: format!("manifest: {error}"),
                };
            }
            None => {
                return Outcome::Reject {
                    reason: "a check needs the manifest it checks".to_owned(),
                };
            }
        };
        let judged = ctx.compute(move |_| judge(&order, &manifest)).await;
        match judged {
            Ok(checks) => Outcome::Done(Passed { checks }),
            Err(faults) => Outcome::Reject {
                reason: faults.join("; "),
            },
        }
    }
}
