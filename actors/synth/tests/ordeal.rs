use std::sync::Arc;

use callboard_orchestra::saga;
use callboard_synth::{DATASET, SynthPack};
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
