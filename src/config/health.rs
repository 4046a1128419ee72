//! Section `health`: when the machine is short of something.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};

const PERCENT_MAX: u8 = 100;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct HealthConfig {
    /// Free bytes of the file system of `store.data_dir`; 0 for no floor.
    pub disk_free_bytes_min: u64,
    /// Of the memory that the process may have.
    pub memory_percent_max: u8,
    /// Longest time that one check may take.
    #[serde(with = "duration")]
    pub check_timeout: Duration,
}

impl Default for HealthConfig {
    fn default() -> Self {
        Self {
            disk_free_bytes_min: 1024 * 1024 * 1024,
            memory_percent_max: 90,
            check_timeout: Duration::from_secs(2),
        }
    }
}

impl HealthConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if !(1..=PERCENT_MAX).contains(&self.memory_percent_max) {
            let message = format!("must be from 1 to {PERCENT_MAX}");
            findings.push(Finding::new(["health", "memory_percent_max"], message));
        }
        if self.check_timeout.is_zero() {
            let message = "must be longer than nothing";
            findings.push(Finding::new(["health", "check_timeout"], message));
        }
    }
}
