//! Makes one shard and leaves it with the job as a file. The same task makes the same bytes, so a lost attempt is simply
//! made again, and a finished one never.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext, RoleProfile, artifact::NewArtifact};

use crate::{
    columnar::GROUP_ROWS,
    dataset::{Press, PressError, Shard, ShardFile, ShardReport, media_type},
};

/// Rows between two reports of progress: a few blocks, and one row group.
const STEP_ROWS: u64 = GROUP_ROWS;

pub struct Generator;

impl Role for Generator {
    const NAME: &'static str = "synth.generator";
    type Task = Shard;
    type Product = ShardReport;

    fn profile() -> RoleProfile {
        RoleProfile {
            workers: 2,
            ..RoleProfile::default()
        }
    }

    async fn perform(self: Rc<Self>, shard: Shard, ctx: RoleContext) -> Outcome<ShardReport> {
        match make(&shard, &ctx).await {
            Ok(report) => Outcome::Done(report),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

async fn make(shard: &Shard, ctx: &RoleContext) -> Result<ShardReport, String> {
    let (request, rows) = (shard.request.clone(), shard.rows.clone());
    let (format, compression) = (request.format, request.compression);
    let mut press = ctx
        .compute(move |_| {
            let spec = request.resolve().map_err(|refusal| refusal.message)?;
            Press::new(spec, rows).map_err(|error| error.to_string())
        })
        .await?;
    let total = press.rows_left();
    while press.rows_left() > 0 {
        let (stepped, done) = ctx
            .compute(move |flag| {
                let done = press.advance(STEP_ROWS, || flag.is_cancelled());
                (press, done)
            })
            .await;
        press = stepped;
        done.map_err(|error| told(&error))?;
        ctx.progress(total - press.rows_left(), total);
    }
    let name = shard.file_name();
    let finished = ctx.compute(move |_| {
        let (bytes, tally) = press.finish().map_err(|error| told(&error))?;
        let left = NewArtifact::new(&name, media_type(format, compression), bytes);
        let left = left.map_err(|error| error.to_string())?;
        Ok::<_, String>((left, tally))
    });
    let (left, tally) = finished.await?;
    let file = ShardFile {
        name: left.artifact.name.clone(),
        rows: shard.rows.clone(),
        bytes: left.artifact.bytes,
        sha256: left.artifact.sha256.clone(),
    };
    ctx.leave(left);
    Ok(ShardReport { file, tally })
}

/// An error with its cause.
fn told(error: &PressError) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
