//! The result of `synth.dataset` as a table of its sets.

use callboard_orchestra::Payload;
use callboard_synth::{Entity, Manifest, SetReport};

use super::plain;

/// `None` when `result` is no manifest after all.
pub fn render(result: &Payload) -> Option<String> {
    let manifest: Manifest = result.read().ok()?;
    let header = ["set", "rows", "bytes", "files", "fraud"].map(str::to_owned);
    let rows = manifest.sets.iter().map(row).collect();
    Some(plain(header.to_vec(), rows, true))
}

fn row(set: &SetReport) -> Vec<String> {
    let fraud = match set.entity {
        Entity::Transactions => format!("{:.2} %", 100.0 * set.fraud_rate()),
        Entity::Customers | Entity::Merchants => "-".to_owned(),
    };
    vec![
        set.entity.as_str().to_owned(),
        set.tally.rows.to_string(),
        set.bytes.to_string(),
        set.shards.len().to_string(),
        fraud,
    ]
}
