//! What this crate brings to the server.

use std::sync::Arc;

use callboard_orchestra::{Kind, Pack, RoleSpec};
use serde_json::json;

use crate::{
    dataset,
    roles::{Archivist, Generator, Planner, Validator},
};

/// The kind of job that makes data sets.
pub const DATASET: &str = "synth.dataset";

/// Makes synthetic finance data.
pub struct SynthPack;

impl Pack for SynthPack {
    fn name(&self) -> &'static str {
        "synth"
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind {
            name: DATASET,
            summary: "Makes synthetic customers, merchants and transactions with labelled fraud, as files",
            planner: "synth.planner",
            schema: dataset::schema(),
            examples: vec![
                json!({"entity": "transactions", "rows": 1_000, "seed": 7}),
                json!({"sets": [{"entity": "all", "rows": 1_000, "format": "jsonl", "locale": "us"}]}),
            ],
            admit: Arc::new(dataset::admit),
        }]
    }

    fn roles(&self) -> Vec<RoleSpec> {
        vec![
            RoleSpec::new(|| Planner),
            RoleSpec::new(|| Generator),
            RoleSpec::new(|| Archivist),
            RoleSpec::new(|| Validator),
        ]
    }
}
