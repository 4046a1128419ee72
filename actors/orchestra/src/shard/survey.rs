//! The alarm for what must never be: a live job with no reason to wait and nothing under way. Such a job is read again
//! from the journal, which sets going whatever it says must be, and is told of as a supervision event.

use std::{collections::HashSet, time::Duration};

use callboard_runtime::ResidentContext;

use super::{Shard, ShardMessage};
use crate::id::JobId;

/// Between two looks. A job counts as stuck when two looks in a row find it so.
const SURVEY_EVERY: Duration = Duration::from_secs(10);

impl Shard {
    pub(super) fn survey_later(&self, ctx: &mut ResidentContext<Self>) {
        ctx.after(SURVEY_EVERY, ShardMessage::Survey);
    }

    pub(super) fn survey(&mut self, ctx: &mut ResidentContext<Self>) {
        self.survey_later(ctx);
        let suspects: HashSet<JobId> = self
            .jobs
            .iter()
            .filter(|(id, live)| live.is_stuck() && !self.timers.has_any(**id))
            .map(|(id, _)| *id)
            .collect();
        let stuck = suspects.intersection(&self.suspects).count();
        let found: Vec<JobId> = suspects.intersection(&self.suspects).copied().collect();
        for id in found {
            tracing::error!(job.id = %id, "the job has no reason to wait and nothing under way; reading it again");
            metrics::counter!("callboard_stuck_jobs_total").increment(1);
            ctx.invariant_broken(format!("{id} had no reason to wait and nothing under way"));
            self.discard(id, ctx);
        }
        let shard = self.ports.index.to_string();
        metrics::gauge!("callboard_stuck_jobs", "shard" => shard).set(stuck as f64);
        self.suspects = suspects;
    }
}
