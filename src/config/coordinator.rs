//! Section `coordinator`: how much work is taken on.

use std::num::{NonZeroU32, NonZeroUsize};

use serde::{Deserialize, Serialize};

use super::error::Finding;

const SHARDS_MAX: u32 = 256;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CoordinatorConfig {
    /// Actors that live jobs are spread over.
    pub shards: NonZeroU32,
    /// Jobs that have not ended; above it submissions are refused.
    pub live_jobs_max: NonZeroUsize,
    /// Unfinished tasks of all live jobs; above it submissions are refused.
    pub tasks_max: NonZeroUsize,
    /// Ready tasks that one job offers to crews at one time.
    pub window: NonZeroU32,
}

impl Default for CoordinatorConfig {
    fn default() -> Self {
        Self {
            shards: NonZeroU32::MIN,
            live_jobs_max: NonZeroUsize::new(250_000).expect("not zero"),
            tasks_max: NonZeroUsize::new(1_000_000).expect("not zero"),
            window: NonZeroU32::new(64).expect("not zero"),
        }
    }
}

impl CoordinatorConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.shards.get() > SHARDS_MAX {
            findings.push(Finding::new(
                ["coordinator", "shards"],
                format!("must be at most {SHARDS_MAX}"),
            ));
        }
        if self.tasks_max < self.live_jobs_max {
            let message = "must be at least coordinator.live_jobs_max: every live job has a task";
            findings.push(Finding::new(["coordinator", "tasks_max"], message));
        }
    }
}
