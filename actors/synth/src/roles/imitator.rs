//! Makes one piece of an imitation and leaves it with the job as a file. The same profile and piece make the same bytes,
//! so a lost attempt is simply made again, and a finished one never.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext};

use crate::{dataset::ShardFile, imitate::Piece, profile::Profile};

pub struct Imitator;

impl Role for Imitator {
    const NAME: &'static str = "synth.imitator";
    type Task = Piece;
    type Product = ShardFile;

    async fn perform(self: Rc<Self>, piece: Piece, ctx: RoleContext) -> Outcome<ShardFile> {
        match make(piece, &ctx).await {
            Ok(file) => Outcome::Done(file),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

async fn make(piece: Piece, ctx: &RoleContext) -> Result<ShardFile, String> {
    let input = ctx
        .inputs()
        .first()
        .ok_or("a piece needs the profile it follows")?;
    let profile: Profile = input
        .product
        .read()
        .map_err(|error| format!("profile: {error}"))?;
    let made = ctx.compute(move |flag| piece.make(profile, || flag.is_cancelled()));
    let (file, left) = made.await?;
    ctx.leave(left);
    Ok(file)
}
