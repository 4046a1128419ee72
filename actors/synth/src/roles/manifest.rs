//! Puts the shards of every set together: counts, the manifest that lists the files, and a report with charts for people.
//! Judges nothing: that is the validator's. A lost attempt is simply made again.

use std::rc::Rc;

use callboard_orchestra::{Outcome, Role, RoleContext, TaskInput};

use crate::{
    dataset::{Manifest, Order, ShardReport, stems},
    report,
};

const MANIFEST_NAME: &str = "manifest.json";
const REPORT_NAME: &str = "report.html";

pub struct Archivist;

impl Role for Archivist {
    const NAME: &'static str = "synth.manifest";
    type Task = Order;
    type Product = Manifest;

    async fn perform(self: Rc<Self>, order: Order, ctx: RoleContext) -> Outcome<Manifest> {
        match write(&order, &ctx) {
            Ok(manifest) => Outcome::Done(manifest),
            Err(reason) => Outcome::Reject { reason },
        }
    }
}

fn write(order: &Order, ctx: &RoleContext) -> Result<Manifest, String> {
    let manifest = Manifest::of(order, &shards_of(order, ctx.inputs())?);
    let json = serde_json::to_vec_pretty(&manifest).map_err(|error| error.to_string())?;
    ctx.artifact(MANIFEST_NAME, "application/json", json);
    let html = report::page(&manifest).into_bytes();
    ctx.artifact(REPORT_NAME, "text/html; charset=utf-8", html);
    Ok(manifest)
}

/// The shards that were made, by set and in the order of their rows.
fn shards_of(order: &Order, inputs: &[TaskInput]) -> Result<Vec<Vec<ShardReport>>, String> {
    let mut sets = Vec::new();
    for stem in stems(order) {
        let mut shards = Vec::new();
        let own = inputs.iter().filter(|input| {
            let number = input.name.strip_prefix(&stem);
            number.is_some_and(|number| number.starts_with(':'))
        });
        for input in own {
            let report: ShardReport = input
                .product
                .read()
                .map_err(|error| format!("{}: {error}", input.name))?;
            shards.push(report);
        }
        shards.sort_by_key(|shard| shard.file.rows.start);
        sets.push(shards);
    }
    Ok(sets)
}
