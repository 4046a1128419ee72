//! Section `runtime`: threads and queues of the actors.

use std::num::NonZeroUsize;

use serde::{Deserialize, Serialize};

use super::error::Finding;

const ROLE_ARBITERS_MAX: usize = 256;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RuntimeConfig {
    /// Threads that run workers.
    pub role_arbiters: NonZeroUsize,
    /// Tasks that wait for a worker of one crew.
    pub crew_queue_max: NonZeroUsize,
    /// Tasks of one tenant among them.
    pub crew_share_max: NonZeroUsize,
}

impl Default for RuntimeConfig {
    fn default() -> Self {
        Self {
            role_arbiters: NonZeroUsize::MIN,
            crew_queue_max: NonZeroUsize::new(10_000).expect("not zero"),
            crew_share_max: NonZeroUsize::new(10_000).expect("not zero"),
        }
    }
}

impl RuntimeConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.role_arbiters.get() > ROLE_ARBITERS_MAX {
            let message = format!("must be at most {ROLE_ARBITERS_MAX}");
            findings.push(Finding::new(["runtime", "role_arbiters"], message));
        }
        if self.crew_share_max > self.crew_queue_max {
            let message = "must be at most runtime.crew_queue_max: a share is a part of the queue";
            findings.push(Finding::new(["runtime", "crew_share_max"], message));
        }
    }
}
