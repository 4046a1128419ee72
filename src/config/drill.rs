//! Section `drill`: what the jobs of the drill pack may touch.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::Finding;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillConfig {
    /// Empty: `drill.effects` is refused.
    pub ledger_dir: PathBuf,
}

impl DrillConfig {
    /// The folder for ledgers, if there is one.
    pub fn ledger_dir(&self) -> Option<&Path> {
        Some(self.ledger_dir.as_path()).filter(|dir| !dir.as_os_str().is_empty())
    }

    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.ledger_dir().is_some_and(|dir| !dir.is_absolute()) {
            findings.push(Finding::new(
                ["drill", "ledger_dir"],
                "must be an absolute path, or empty",
            ));
        }
    }
}
