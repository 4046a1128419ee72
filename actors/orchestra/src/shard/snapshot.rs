//! Snapshots of long jobs, so that their replay is bounded. A snapshot that is lost costs time, never truth.

use callboard_runtime::ResidentContext;

use super::Shard;
use crate::{
    id::JobId,
    journal::{SNAPSHOTS_VERSION, Snapshot},
};

/// Events after which the next snapshot of a job is due: the most that a replay folds beside it.
const SNAPSHOT_EVENTS: u64 = 1_000;

impl Shard {
    /// Keeps a snapshot of the job if one is due and everything in memory is committed.
    pub(super) fn keep_snapshot(&mut self, id: JobId, ctx: &mut ResidentContext<Self>) {
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        // Also a job that is seldom in memory crosses each multiple there.
        let is_due = live.job.seq / SNAPSHOT_EVENTS > live.snapshot_seq / SNAPSHOT_EVENTS;
        if !is_due || live.has_pending() || live.job.state.is_final() {
            return;
        }
        live.snapshot_seq = live.job.seq;
        let text = match serde_json::to_string(&live.job) {
            Ok(text) => text,
            Err(error) => {
                tracing::error!(job.id = %id, error = %error, "a job has no snapshot form");
                return;
            }
        };
        let snapshot = Snapshot {
            job: id,
            seq: live.job.seq,
            version: SNAPSHOTS_VERSION,
            text,
        };
        let journal = self.ports.journal.clone();
        ctx.spawn(async move {
            if let Err(error) = journal.keep_snapshot(snapshot).await {
                tracing::warn!(job.id = %id, error = %error, "a snapshot was not kept");
            }
        });
    }
}
