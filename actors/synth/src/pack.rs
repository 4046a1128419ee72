//! What this crate brings to the server.

use std::sync::Arc;

use callboard_orchestra::{Kind, Pack, RoleSpec};
use serde_json::json;

use crate::{
    dataset, fit,
    roles::{
        Archivist, FitAuditor, FitPlanner, FitReporter, Fitter, Generator, Imitator, Planner,
        Validator,
    },
};

/// The kind of job that makes data sets.
pub const DATASET: &str = "synth.dataset";

/// The kind of job that measures a sample and imitates it.
pub const FIT: &str = "synth.fit";

/// Makes synthetic finance data.
pub struct SynthPack;

impl Pack for SynthPack {
    fn name(&self) -> &'static str {
        "synth"
    }

    fn kinds(&self) -> Vec<Kind> {
        let dataset = Kind {
            name: DATASET,
            summary: "Makes synthetic customers, merchants and transactions with labelled fraud, as files",
            planner: "synth.planner",
            schema: dataset::schema(),
            examples: vec![
                json!({"entity": "transactions", "rows": 1_000, "seed": 7}),
                json!({"sets": [{"entity": "all", "rows": 1_000, "format": "jsonl", "locale": "us"}]}),
            ],
            admit: Arc::new(dataset::admit),
        };
        let fit = Kind {
            name: FIT,
            summary: "Measures a sample of a table, and makes rows that are like it and none of them",
            planner: "synth.fit_planner",
            schema: schemars::schema_for!(fit::FitOrder).into(),
            examples: vec![
                json!({"csv": fit::example(), "rows": 1_000, "seed": 7}),
                json!({"csv": fit::example(), "entity_column": "customer_id", "time_column": "date"}),
            ],
            admit: Arc::new(fit::admit),
        };
        vec![dataset, fit]
    }

    fn roles(&self) -> Vec<RoleSpec> {
        vec![
            RoleSpec::new(|| Planner),
            RoleSpec::new(|| Generator),
            RoleSpec::new(|| Archivist),
            RoleSpec::new(|| Validator),
            RoleSpec::new(|| FitPlanner),
            RoleSpec::new(|| Fitter),
            RoleSpec::new(|| Imitator),
            RoleSpec::new(|| FitReporter),
            RoleSpec::new(|| FitAuditor),
        ]
    }
}
