//! Section `retention`: how long what has ended is kept.

use std::{num::NonZeroU64, time::Duration};

use serde::{Deserialize, Serialize};

use super::duration;

const DAY: Duration = Duration::from_secs(24 * 3_600);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RetentionConfig {
    /// How long a job is kept after its end, with everything that belongs to it.
    #[serde(with = "duration")]
    pub ended_jobs_kept: Duration,
    /// Jobs that are kept; above it the oldest of those that have ended go.
    pub jobs_max: NonZeroU64,
    pub supervision_events_max: NonZeroU64,
    /// How long an artifact is kept that no job refers to.
    #[serde(with = "duration")]
    pub loose_artifacts_kept: Duration,
    /// How long a record of the audit log is kept.
    #[serde(with = "duration")]
    pub audit_kept: Duration,
}

impl Default for RetentionConfig {
    fn default() -> Self {
        Self {
            ended_jobs_kept: 90 * DAY,
            jobs_max: NonZeroU64::new(10_000_000).expect("not zero"),
            supervision_events_max: NonZeroU64::new(100_000).expect("not zero"),
            loose_artifacts_kept: DAY,
            audit_kept: 1_826 * DAY,
        }
    }
}
