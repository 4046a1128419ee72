//! Section `drill`: what the jobs of the drill pack may touch.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::error::Finding;

#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DrillConfig {
    /// Empty: `drill.effects` is not offered.
    pub ledger_dir: PathBuf,
}

impl DrillConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        let is_named = !self.ledger_dir.as_os_str().is_empty();
        if is_named && !self.ledger_dir.is_absolute() {
            findings.push(Finding::new(
                ["drill", "ledger_dir"],
                "must be an absolute path, or empty",
            ));
        }
    }
}
