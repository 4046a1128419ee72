//! Measures a sample, or takes a profile as it is, and adds a task for each piece of the imitation that is wanted.
//! Draws nothing, so a lost attempt is simply made again, with the same pieces.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext, TaskSpec};
use serde::{Deserialize, Serialize};

use super::Imitator;
use crate::{
    fit::FitOrder,
    imitate::{Pattern, Piece},
    profile::Profile,
};

pub const PROFILE_TASK: &str = "profile";
const PROFILE_NAME: &str = "profile.json";

/// A profile, with what every piece would have to solve again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Measured {
    /// Nothing is made of it.
    Profile(Profile),
    Pattern(Pattern),
}

pub struct Fitter;

impl Role for Fitter {
    const NAME: &'static str = "synth.fitter";
    type Task = FitOrder;
    type Product = Measured;

    async fn perform(self: Rc<Self>, order: FitOrder, ctx: RoleContext) -> Outcome<Measured> {
        match measure(order, &ctx).await {
            Ok(measured) => Outcome::Done(measured),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

async fn measure(order: FitOrder, ctx: &RoleContext) -> Result<Measured, String> {
    let (rows, seed) = (order.rows, order.seed);
    let (format, compression) = (order.format, order.compression);
    let measured = ctx.compute(move |_| order.profile()).await;
    let profile = measured.map_err(|refusal| refusal.message)?;
    let json = serde_json::to_vec_pretty(&profile).map_err(|error| error.to_string())?;
    ctx.artifact(PROFILE_NAME, "application/json", json);
    let Some(rows) = rows else {
        return Ok(Measured::Profile(profile));
    };
    for piece in Piece::all(&profile, rows, seed, format, compression) {
        let name = format!("imitate:{}", piece.number);
        let task =
            TaskSpec::new(name, Imitator::NAME, &piece).map_err(|error| error.to_string())?;
        ctx.grow(task.after([PROFILE_TASK]));
    }
    let solved = ctx.compute(move |flag| Pattern::solve(profile, || flag.is_cancelled()));
    let pattern = solved.await.map_err(|error| error.to_string())?;
    Ok(Measured::Pattern(pattern))
}
