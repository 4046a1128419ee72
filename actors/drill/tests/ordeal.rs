use std::sync::Arc;

use callboard_drill::{DrillPack, FANOUT};
use callboard_orchestra::saga;
use serde_json::json;

#[test]
fn a_fan_out_survives_the_ordeal() {
    saga::ordeal(
        &(Arc::new(DrillPack::default()) as _),
        FANOUT,
        &json!({"tasks": 3, "wait_ms": 50}),
    );
}
