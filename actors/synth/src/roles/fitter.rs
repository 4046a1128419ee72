//! Measures a sample, or takes a profile as it is, and adds a task for each piece of the imitation that is wanted.
//! Draws nothing, so a lost attempt is simply made again, with the same pieces.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext, TaskSpec};

use super::Imitator;
use crate::{fit::FitOrder, imitate::Piece, profile::Profile};

pub const PROFILE_TASK: &str = "profile";
const PROFILE_NAME: &str = "profile.json";

pub struct Fitter;

impl Role for Fitter {
    const NAME: &'static str = "synth.fitter";
    type Task = FitOrder;
    type Product = Profile;

    async fn perform(self: Rc<Self>, order: FitOrder, ctx: RoleContext) -> Outcome<Profile> {
        match measure(order, &ctx).await {
            Ok(profile) => Outcome::Done(profile),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

async fn measure(order: FitOrder, ctx: &RoleContext) -> Result<Profile, String> {
    let (rows, seed) = (order.rows, order.seed);
    let (format, compression) = (order.format, order.compression);
    let measured = ctx.compute(move |_| order.profile()).await;
    let profile = measured.map_err(|refusal| refusal.message)?;
    let json = serde_json::to_vec_pretty(&profile).map_err(|error| error.to_string())?;
    ctx.artifact(PROFILE_NAME, "application/json", json);
    let pieces = rows.map(|rows| Piece::all(&profile, rows, seed, format, compression));
    for piece in pieces.into_iter().flatten() {
        let name = format!("imitate:{}", piece.number);
        let task =
            TaskSpec::new(name, Imitator::NAME, &piece).map_err(|error| error.to_string())?;
        ctx.grow(task.after([PROFILE_TASK]));
    }
    Ok(profile)
}
