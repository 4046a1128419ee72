//! Puts a fit together: the profile, the files of the imitation, and how like they are.
//! Judges nothing: that is the auditor's. A lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext};
use serde::{Deserialize, Serialize};

use super::fitter::PROFILE_TASK;
use crate::{
    dataset::ShardFile,
    fit::FitOrder,
    imitate::{Imitation, Likeness, STEM, ending, likeness},
    profile::Profile,
    request::Format,
};

/// The result of a fit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Portrait {
    pub profile: Profile,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub imitation: Option<Imitated>,
}

/// An imitation that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Imitated {
    pub rows: u64,
    pub seed: u64,
    pub bytes: u64,
    /// The file that the shards are, put one behind the other; the files stand alone where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    pub shards: Vec<ShardFile>,
    pub likeness: Likeness,
}

pub struct FitReporter;

impl Role for FitReporter {
    const NAME: &'static str = "synth.fit_reporter";
    type Task = FitOrder;
    type Product = Portrait;

    async fn perform(self: Rc<Self>, wanted: FitOrder, ctx: RoleContext) -> Outcome<Portrait> {
        match put_together(&wanted, &ctx).await {
            Ok(portrait) => Outcome::Done(portrait),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

async fn put_together(wanted: &FitOrder, ctx: &RoleContext) -> Result<Portrait, String> {
    let mut profile: Option<Profile> = None;
    let mut shards: Vec<ShardFile> = Vec::new();
    for input in ctx.inputs() {
        let told = |error: serde_json::Error| format!("{}: {error}", input.name);
        if input.name == PROFILE_TASK {
            profile = Some(input.product.read().map_err(told)?);
        } else {
            shards.push(input.product.read().map_err(told)?);
        }
    }
    let profile = profile.ok_or("a report needs the profile")?;
    let Some(rows) = wanted.rows else {
        return Ok(Portrait {
            profile,
            imitation: None,
        });
    };
    shards.sort_by_key(|shard| shard.rows.start);
    let (seed, measured) = (wanted.seed, profile.clone());
    let likeness =
        ctx.compute(move |_| Imitation::new(measured, rows, seed).map(|made| likeness(&made)));
    let likeness = likeness.await.map_err(|refusal| refusal.message)?;
    let is_joined = wanted.format != Format::Parquet;
    let imitated = Imitated {
        rows,
        seed,
        bytes: shards.iter().map(|shard| shard.bytes).sum(),
        file: is_joined.then(|| format!("{STEM}.{}", ending(wanted.format, wanted.compression))),
        shards,
        likeness,
    };
    Ok(Portrait {
        profile,
        imitation: Some(imitated),
    })
}
