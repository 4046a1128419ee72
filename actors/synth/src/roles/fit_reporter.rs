//! Puts a fit together: the profile, the files of the imitation, and how like they are.
//! Judges nothing: that is the auditor's. A lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext};
use serde::{Deserialize, Serialize};

use super::fitter::{Measured, PROFILE_TASK};
use crate::{
    dataset::ShardFile,
    fit::FitOrder,
    imitate::{Copula, Imitation, Likeness, STEM, ending, likeness},
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
    /// As it was solved from the profile, for the check.
    pub copula: Copula,
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
    let mut measured: Option<Measured> = None;
    let mut shards: Vec<ShardFile> = Vec::new();
    for input in ctx.inputs() {
        let told = |error: serde_json::Error| format!("{}: {error}", input.name);
        if input.name == PROFILE_TASK {
            measured = Some(input.product.read().map_err(told)?);
        } else {
            shards.push(input.product.read().map_err(told)?);
        }
    }
    let (rows, pattern) = match (wanted.rows, measured) {
        (_, None) => return Err("a report needs the profile".to_owned()),
        (Some(rows), Some(Measured::Pattern(pattern))) => (rows, pattern),
        (None, Some(Measured::Profile(profile))) => {
            return Ok(Portrait {
                profile,
                imitation: None,
            });
        }
        _ => return Err("the profile has a copula where rows are wanted, or else none".to_owned()),
    };
    shards.sort_by_key(|shard| shard.rows.start);
    let (seed, followed) = (wanted.seed, pattern.clone());
    let likeness =
        ctx.compute(move |_| Imitation::of(followed, rows, seed).map(|made| likeness(&made)));
    let likeness = likeness.await.map_err(|refusal| refusal.message)?;
    let (profile, copula) = pattern.into_parts();
    let is_joined = wanted.format != Format::Parquet;
    let imitated = Imitated {
        rows,
        seed,
        bytes: shards.iter().map(|shard| shard.bytes).sum(),
        file: is_joined.then(|| format!("{STEM}.{}", ending(wanted.format, wanted.compression))),
        shards,
        likeness,
        copula,
    };
    Ok(Portrait {
        profile,
        imitation: Some(imitated),
    })
}
