//! Runs retention: a round at the start and one each minute.

use std::time::Duration;

use callboard_orchestra::{Timestamp, journal::JournalError};
use callboard_runtime::{Home, Universe};

use crate::{
    config::RetentionConfig,
    store::{Pruned, Pruner, RetentionPolicy},
};

const ROUND_EVERY: Duration = Duration::from_secs(60);

pub fn policy(config: &RetentionConfig) -> RetentionPolicy {
    RetentionPolicy {
        ended_jobs_kept: config.ended_jobs_kept,
        jobs_max: config.jobs_max.get(),
        supervision_events_max: config.supervision_events_max.get(),
        loose_artifacts_kept: config.loose_artifacts_kept,
        audit_kept: config.audit_kept,
    }
}

/// Starts it.
pub fn run(universe: &Universe, pruner: Pruner) {
    universe.spawn(Home::Core, async move {
        loop {
            match pruner.round(Timestamp::now()).await {
                Ok(pruned) => count(pruned),
                // The writer ends the process.
                Err(JournalError::Fenced { .. }) => return,
                Err(error) => {
                    tracing::warn!(error = %error, "a round of retention failed");
                }
            }
            tokio::time::sleep(ROUND_EVERY).await;
        }
    });
}

fn count(pruned: Pruned) {
    if pruned == Pruned::default() {
        return;
    }
    metrics::counter!("callboard_pruned_jobs_total").increment(pruned.jobs);
    metrics::counter!("callboard_pruned_artifacts_total").increment(pruned.artifacts);
    metrics::counter!("callboard_pruned_audit_records_total").increment(pruned.audit_records);
    tracing::info!(
        jobs = pruned.jobs,
        records = pruned.records,
        supervision_events = pruned.supervision_events,
        artifacts = pruned.artifacts,
        audit_records = pruned.audit_records,
        "removed what had been kept long enough"
    );
}
