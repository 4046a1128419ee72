//! What validators said of claims, counted once the commit has made it so.

use super::Shard;
use crate::{fact::Verdict, id::JobId, job::JobEvent};

impl Shard {
    pub(super) fn count_verdicts(&self, id: JobId, events: &[JobEvent]) {
        let Some(live) = self.jobs.get(&id) else {
            return;
        };
        for event in events {
            let JobEvent::TaskSucceeded { verdicts, .. } = event else {
                continue;
            };
            for verdict in verdicts {
                let verdict = match verdict {
                    Verdict::Verified { .. } => "verified",
                    Verdict::Refuted { .. } => "refuted",
                };
                let kind = live.job.kind.to_string();
                metrics::counter!("callboard_verdicts_total", "kind" => kind, "verdict" => verdict)
                    .increment(1);
            }
        }
    }
}
