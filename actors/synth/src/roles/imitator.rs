//! Makes one piece of an imitation and leaves it with the job as a file. The same profile and piece make the same bytes,
//! so a lost attempt is simply made again, and a finished one never.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext};

use super::fitter::Measured;
use crate::{dataset::ShardFile, imitate::Piece};

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
    let measured = input.product.read();
    let Measured::Pattern(pattern) = measured.map_err(|error| format!("profile: {error}"))? else {
        return Err("a piece needs the copula of its profile".to_owned());
    };
    let made = ctx.compute(move |flag| piece.make(pattern, || flag.is_cancelled()));
    let (file, left) = made.await?;
    ctx.leave(left);
    Ok(file)
}
