//! Judges a fit: the profile holds together, every row is in exactly one file, the last file is made once more with the
//! same bytes, and the distributions of columns are those of the profile.
//! Changes nothing, so a lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext};

use super::{
    fit_reporter::{Imitated, Portrait},
    validator::Passed,
};
use crate::{
    fit::FitOrder,
    imitate::{Pattern, Piece, check_profile},
    profile::{Profile, Shape},
};

/// Distance of a column's distribution that is allowed. Values are dealt out by rank, so only rounding and missing cells
/// move it.
const DISTANCE_MAX: f64 = 0.05;
/// Cells that a distance is measured on at least.
const CELLS_MIN: f64 = 1_000.0;

pub struct FitAuditor;

impl Role for FitAuditor {
    const NAME: &'static str = "synth.fit_auditor";
    type Task = FitOrder;
    type Product = Passed;

    async fn perform(self: Rc<Self>, wanted: FitOrder, ctx: RoleContext) -> Outcome<Passed> {
        let portrait: Portrait = match ctx.inputs().first().map(|input| input.product.read()) {
            Some(Ok(portrait)) => portrait,
            Some(Err(error)) => {
                return Outcome::Reject {
                    reason: format!("portrait: {error}"),
                };
            }
            None => {
                return Outcome::Reject {
                    reason: "a check needs the portrait it checks".to_owned(),
                };
            }
        };
        match ctx
            .compute(move |flag| judge(&wanted, portrait, || flag.is_cancelled()))
            .await
        {
            Ok(checks) => Outcome::Done(Passed { checks }),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

fn judge(
    wanted: &FitOrder,
    portrait: Portrait,
    cancelled: impl Fn() -> bool,
) -> Result<Vec<String>, String> {
    check_profile(&portrait.profile).map_err(|refusal| refusal.message)?;
    let columns = &portrait.profile.columns;
    let withheld = columns
        .iter()
        .filter(|column| column.shape == Shape::Withheld);
    let mut checks = vec![format!(
        "profile: {} columns, {} of them withheld",
        columns.len(),
        withheld.count()
    )];
    match (wanted.rows, portrait.imitation) {
        (None, None) => Ok(checks),
        (Some(rows), Some(imitated)) => {
            checks.push(covered(rows, &imitated)?);
            checks.push(alike(&portrait.profile, &imitated)?);
            checks.push(made_again(
                wanted,
                rows,
                portrait.profile,
                imitated,
                cancelled,
            )?);
            Ok(checks)
        }
        (Some(_), None) => Err("no imitation was made".to_owned()),
        (None, Some(_)) => Err("an imitation was made that nobody wants".to_owned()),
    }
}

fn covered(rows: u64, imitated: &Imitated) -> Result<String, String> {
    let mut next = 0;
    for shard in &imitated.shards {
        if shard.rows.start != next {
            return Err(format!(
                "{} begins at row {} in place of {next}",
                shard.name, shard.rows.start
            ));
        }
        next = shard.rows.end;
    }
    if next != rows {
        return Err(format!("{next} rows were made in place of {rows}"));
    }
    Ok(format!("{rows} rows in {} files", imitated.shards.len()))
}

fn alike(profile: &Profile, imitated: &Imitated) -> Result<String, String> {
    let likeness = &imitated.likeness;
    let mut furthest: f64 = 0.0;
    for column in &profile.columns {
        let Some(distance) = likeness.columns.get(&column.name) else {
            continue;
        };
        let cells = likeness.rows as f64 * (1.0 - column.missing_share);
        if cells >= CELLS_MIN && *distance > DISTANCE_MAX {
            return Err(format!(
                "column {} lies {distance:.3} from its profile",
                column.name
            ));
        }
        furthest = furthest.max(*distance);
    }
    Ok(format!("columns at most {furthest:.3} from their profile"))
}

fn made_again(
    wanted: &FitOrder,
    rows: u64,
    profile: Profile,
    imitated: Imitated,
    cancelled: impl Fn() -> bool,
) -> Result<String, String> {
    let pieces = Piece::all(
        &profile,
        rows,
        wanted.seed,
        wanted.format,
        wanted.compression,
    );
    let (Some(piece), Some(shard)) = (pieces.last(), imitated.shards.last()) else {
        return Err("no file was made".to_owned());
    };
    let pattern = Pattern::from_parts(profile, imitated.copula);
    let (file, _) = piece.make(pattern, cancelled)?;
    if file == *shard {
        Ok(format!("{} is the same when made again", file.name))
    } else {
        Err(format!("{} differs when made again", file.name))
    }
}
