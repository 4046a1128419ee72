use std::sync::Arc;

use callboard_orchestra::saga;
use callboard_synth::{DATASET, FIT, Profile, Sample, SynthPack, fit};
use serde_json::json;

#[test]
fn data_sets_survive_the_ordeal() {
    for input in [
        json!({"entity": "all", "rows": 300, "merchants": 40, "seed": 3}),
        json!({"rows": 500, "format": "parquet", "fraud_rate": 0.1}),
    ] {
        saga::ordeal(&(Arc::new(SynthPack) as _), DATASET, &input);
    }
}

fn sample() -> String {
    let row = |row: usize| {
        format!(
            "{},2024-03-{:02},{}.5\n",
            row % 31,
            1 + row * 3 % 28,
            row * row % 47
        )
    };
    format!("user,day,price\n{}", (0..200).map(row).collect::<String>())
}

#[test]
fn fits_survive_the_ordeal() {
    let csv = sample();
    let profile: Profile = fit(&Sample::read(&csv, None, None).unwrap());
    for input in [
        json!({"csv": csv}),
        json!({"csv": csv, "rows": 300, "seed": 3, "compression": "gzip"}),
        json!({"profile": profile, "rows": 500, "format": "parquet"}),
    ] {
        saga::ordeal(&(Arc::new(SynthPack) as _), FIT, &input);
    }
}
