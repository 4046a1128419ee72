//! Jobs of known shape and cost. `drill.fanout` runs any number of equal tasks side by side and adds them up: what
//! benches measure, drills interrupt and newcomers read first. The others wait for people and signals, or write to a
//! ledger outside.

mod effects;
mod fanout;
mod roles;
mod waits;

use std::{path::PathBuf, sync::Arc};

use callboard_orchestra::{Kind, Pack, RoleSpec};
use serde_json::json;

pub use effects::{EFFECTS, Effects};
pub use fanout::{FANOUT, Fanout, Tally};
use roles::{
    collector::Collector,
    effector::{EffectsPlanner, Idempotent, Keyed, Once},
    planner::Planner,
    runner::Runner,
    waiter::{ApprovalPlanner, Asker, Listener, SignalPlanner},
};
pub use waits::{APPROVAL, AskApproval, AwaitSignal, SIGNAL};

#[derive(Default)]
pub struct DrillPack {
    /// Where `drill.effects` may write ledgers; without it the kind is not offered.
    pub ledger_dir: Option<PathBuf>,
}

impl Pack for DrillPack {
    fn name(&self) -> &'static str {
        "drill"
    }

    fn kinds(&self) -> Vec<Kind> {
        let mut kinds = vec![
            Kind {
                name: FANOUT,
                summary: "Runs equal tasks side by side, each waiting for a while, and adds them up",
                planner: "drill.planner",
                schema: schemars::schema_for!(Fanout).into(),
                examples: vec![json!({"tasks": 4}), json!({"tasks": 4, "wait_ms": 200})],
                admit: Arc::new(fanout::admit),
            },
            Kind {
                name: APPROVAL,
                summary: "Goes on when a person approves",
                planner: "drill.approval_planner",
                schema: schemars::schema_for!(AskApproval).into(),
                examples: vec![json!({"why": "Send the letter?"})],
                admit: Arc::new(waits::admit_approval),
            },
            Kind {
                name: SIGNAL,
                summary: "Goes on when a signal has come",
                planner: "drill.signal_planner",
                schema: schemars::schema_for!(AwaitSignal).into(),
                examples: vec![json!({"name": "go"})],
                admit: Arc::new(waits::admit_signal),
            },
        ];
        kinds.extend(self.ledger_dir.clone().map(effects::kind));
        kinds
    }

    fn roles(&self) -> Vec<RoleSpec> {
        vec![
            RoleSpec::new(|| Planner),
            RoleSpec::new(|| Runner),
            RoleSpec::new(|| Collector),
            RoleSpec::new(|| EffectsPlanner),
            RoleSpec::new(|| Idempotent),
            RoleSpec::new(|| Keyed),
            RoleSpec::new(|| Once),
            RoleSpec::new(|| ApprovalPlanner),
            RoleSpec::new(|| SignalPlanner),
            RoleSpec::new(|| Asker),
            RoleSpec::new(|| Listener),
        ]
    }
}
