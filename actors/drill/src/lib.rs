//! Jobs of known shape and cost. `drill.fanout` runs any number of equal tasks side by side and adds them up: what
//! benches measure, drills interrupt and newcomers read first.

mod fanout;
mod roles;

use std::sync::Arc;

use callboard_orchestra::{Kind, Pack, RoleSpec};
use serde_json::json;

pub use fanout::{FANOUT, Fanout, Tally};
use roles::{collector::Collector, planner::Planner, runner::Runner};

pub struct DrillPack;

impl Pack for DrillPack {
    fn name(&self) -> &'static str {
        "drill"
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind {
            name: FANOUT,
            summary: "Runs equal tasks side by side, each waiting for a while, and adds them up",
            planner: "drill.planner",
            schema: schemars::schema_for!(Fanout).into(),
            examples: vec![json!({"tasks": 4}), json!({"tasks": 4, "wait_ms": 200})],
            admit: Arc::new(fanout::admit),
        }]
    }

    fn roles(&self) -> Vec<RoleSpec> {
        vec![
            RoleSpec::new(|| Planner),
            RoleSpec::new(|| Runner),
            RoleSpec::new(|| Collector),
        ]
    }
}
