//! Input of `drill.effects`.

use std::{
    path::{Component, Path, PathBuf},
    sync::Arc,
};

use callboard_orchestra::{EffectClass, InvalidInput, Kind, Payload, admit::read_input};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::fanout::invalid;

pub const EFFECTS: &str = "drill.effects";

const TASKS_MAX: u32 = 1_000;
const WORK_MS_MAX: u64 = 60_000;

/// Tasks that write to a ledger outside, a line each time one of them is performed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Effects {
    /// The file to append to; below the folder that the server was given for ledgers.
    pub ledger: PathBuf,
    #[schemars(range(min = 1, max = TASKS_MAX))]
    pub tasks: u32,
    /// Of these, the first so many must not be repeated.
    #[serde(default)]
    pub once: u32,
    /// The next so many may be repeated under the same key.
    #[serde(default)]
    pub keyed: u32,
    /// How long each works, half before its line and half after, in milliseconds.
    #[serde(default)]
    #[schemars(range(max = WORK_MS_MAX))]
    pub work_ms: u64,
}

impl Effects {
    /// Class of the task of that number, from 1.
    pub fn class(&self, number: u32) -> EffectClass {
        if number <= self.once {
            EffectClass::Once
        } else if number <= self.once.saturating_add(self.keyed) {
            EffectClass::Keyed
        } else {
            EffectClass::Idempotent
        }
    }
}

/// Offered by servers that were given a folder for ledgers.
pub(crate) fn kind(ledger_dir: PathBuf) -> Kind {
    Kind {
        name: EFFECTS,
        summary: "Writes to a ledger outside: effects that may be repeated, keyed ones and ones that must not",
        planner: "drill.effects_planner",
        schema: schemars::schema_for!(Effects).into(),
        examples: vec![json!({"ledger": ledger_dir.join("a"), "tasks": 4, "once": 1, "keyed": 1})],
        admit: Arc::new(move |input| admit(input, &ledger_dir)),
    }
}

fn admit(input: &Payload, ledger_dir: &Path) -> Result<Payload, InvalidInput> {
    let effects: Effects = read_input(input)?;
    if !(1..=TASKS_MAX).contains(&effects.tasks) {
        let message = format!("tasks is {}, but runs from 1 to {TASKS_MAX}", effects.tasks);
        return Err(invalid("out_of_range", Some("tasks"), message));
    }
    if effects.once.saturating_add(effects.keyed) > effects.tasks {
        let message = "once and keyed are more than there are tasks".to_owned();
        return Err(invalid("out_of_range", Some("once"), message));
    }
    if effects.work_ms > WORK_MS_MAX {
        let message = format!(
            "work_ms is {}, but is at most {WORK_MS_MAX}",
            effects.work_ms
        );
        return Err(invalid("out_of_range", Some("work_ms"), message));
    }
    let climbs = |part: Component<'_>| !matches!(part, Component::Normal(_) | Component::RootDir);
    if !effects.ledger.starts_with(ledger_dir) || effects.ledger.components().any(climbs) {
        let message = format!("the ledger must lie below {}", ledger_dir.display());
        return Err(invalid("no_ledger", Some("ledger"), message));
    }
    Ok(input.clone())
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn refused(input: &Value) -> Option<String> {
        let input = Payload::of(input).unwrap();
        admit(&input, Path::new("/ledgers")).err()?.field
    }

    #[test]
    fn a_ledger_lies_below_the_folder_for_ledgers_or_nowhere() {
        let at = |ledger: &str| json!({"ledger": ledger, "tasks": 2, "once": 1, "keyed": 1});
        assert_eq!(refused(&at("/ledgers/a")), None);
        for ledger in ["/elsewhere/a", "/ledgers/../a", "/ledgersb/a", "ledgers/a"] {
            assert_eq!(refused(&at(ledger)).as_deref(), Some("ledger"), "{ledger}");
        }
    }

    #[test]
    fn more_effects_than_tasks_are_refused() {
        let input = json!({"ledger": "/ledgers/a", "tasks": 2, "once": 2, "keyed": 1});
        assert_eq!(refused(&input).as_deref(), Some("once"));
    }
}
