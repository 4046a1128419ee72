//! What the house's tally is told of attempts and jobs.

use std::{sync::Arc, time::Duration};

use callboard_runtime::{Fault, Report};

use super::{Shard, live::LiveJob};
use crate::{
    crew::{Delivery, Spoiled},
    outcome::Outcome,
    tally::{Attempt, End},
};

impl Shard {
    pub(super) fn tally_attempt(
        &self,
        role: &Arc<str>,
        kind: &Arc<str>,
        limit: Duration,
        report: &Report<Delivery>,
    ) {
        // Nobody had it.
        if report.worker.is_none() {
            return;
        }
        if let Some(tally) = self.ports.tally.role(role) {
            tally.note(&Attempt {
                end: end_of(&report.outcome),
                waited: report.waited,
                took: report.elapsed,
                limit,
            });
        }
        if let Some(tally) = self.ports.tally.kind(kind) {
            tally.attempted(report.elapsed);
        }
    }

    /// Of a job whose end is committed.
    pub(super) fn tally_job(&self, live: &LiveJob) {
        let job = &live.job;
        if let (Some(tally), Some(end)) = (self.ports.tally.kind(&job.kind), job.finished_at) {
            tally.ended(job.state, end.since(job.created_at));
        }
    }
}

fn end_of(outcome: &Result<Delivery, Fault>) -> End {
    match outcome {
        Ok(Delivery { outcome, .. }) => match outcome {
            Ok(
                Outcome::Done(_)
                | Outcome::Snooze { .. }
                | Outcome::NeedsApproval { .. }
                | Outcome::AwaitSignal { .. },
            ) => End::Good,
            Ok(Outcome::Retry { .. }) | Err(Spoiled::Unstored(_)) => End::Wasted,
            Ok(Outcome::Reject { .. }) | Err(Spoiled::Unusable(_)) => End::Rejected,
        },
        Err(Fault::Panicked(_) | Fault::Stalled | Fault::WorkerLost) => End::Wasted,
        Err(Fault::Timeout) => End::TimedOut,
        Err(Fault::Aborted) => End::Withdrawn,
    }
}
