//! Section `audit`: the record of who did what.

use std::{num::NonZeroU64, path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AuditConfig {
    /// Off leaves no records.
    pub enabled: bool,
    /// Records of one tenant after which its chain is signed.
    pub checkpoint_records: NonZeroU64,
    /// Longest time that records stay unsigned.
    #[serde(with = "duration")]
    pub checkpoint_every: Duration,
    /// Relative to the data directory.
    pub key_file: PathBuf,
}

impl Default for AuditConfig {
    fn default() -> Self {
        Self {
            enabled: true,
            checkpoint_records: NonZeroU64::new(10_000).expect("not zero"),
            checkpoint_every: Duration::from_secs(300),
            key_file: PathBuf::from("audit-key.pem"),
        }
    }
}

impl AuditConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.checkpoint_every.is_zero() {
            let finding = Finding::new(["audit", "checkpoint_every"], "must not be zero");
            findings.push(finding);
        }
        if self.key_file.as_os_str().is_empty() {
            findings.push(Finding::new(["audit", "key_file"], "must name a file"));
        }
    }
}
