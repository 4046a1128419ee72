//! How long what is kept.

use std::time::Duration;

#[derive(Debug, Clone, PartialEq)]
pub struct RetentionPolicy {
    /// How long a job is kept after its end.
    pub ended_jobs_kept: Duration,
    /// Jobs that are kept; above it the oldest of those that have ended go.
    pub jobs_max: u64,
    pub supervision_events_max: u64,
    /// How long a record of the audit log is kept.
    pub audit_kept: Duration,
    /// How long an artifact is kept that no job refers to.
    pub loose_artifacts_kept: Duration,
}
