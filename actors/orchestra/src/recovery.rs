//! How far a house has come in taking up the live jobs of an earlier run. The shards write it, whoever asks about
//! readiness reads it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use serde::Serialize;

/// Not counted yet; more jobs than this there are not.
const UNKNOWN: u64 = u64::MAX;

/// Live jobs that a house takes up.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct RecoveryProgress {
    pub taken_up: u64,
    /// Live jobs in the journal; none until they are counted.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub found: Option<u64>,
}

/// Shared by the shards of a house.
#[derive(Debug, Clone)]
pub(crate) struct RecoveryGauge(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    found: AtomicU64,
    shards: Vec<Share>,
}

#[derive(Debug, Default)]
struct Share {
    taken_up: AtomicU64,
    has_been_live: AtomicBool,
}

impl RecoveryGauge {
    pub fn new(shards: u32) -> Self {
        Self(Arc::new(Inner {
            found: AtomicU64::new(UNKNOWN),
            shards: (0..shards).map(|_| Share::default()).collect(),
        }))
    }

    fn share(&self, shard: u32) -> &Share {
        &self.0.shards[shard as usize]
    }

    /// The shard begins to read its jobs.
    pub fn begin(&self, shard: u32) {
        self.0.found.store(UNKNOWN, Ordering::Relaxed);
        self.share(shard).taken_up.store(0, Ordering::Relaxed);
    }

    pub fn found(&self, live_jobs: u64) {
        self.0.found.store(live_jobs, Ordering::Relaxed);
    }

    pub fn take_up(&self, shard: u32, jobs: usize) {
        let taken_up = &self.share(shard).taken_up;
        taken_up.fetch_add(jobs as u64, Ordering::Relaxed);
    }

    pub fn live(&self, shard: u32) {
        self.share(shard)
            .has_been_live
            .store(true, Ordering::Relaxed);
    }

    /// `None` when it cannot be told: one of several shards takes its jobs up again beside others that have gone on.
    pub fn progress(&self) -> Option<RecoveryProgress> {
        let shards = &self.0.shards;
        let was_live = |share: &Share| share.has_been_live.load(Ordering::Relaxed);
        if shards.len() > 1 && shards.iter().all(was_live) {
            return None;
        }
        let found = self.0.found.load(Ordering::Relaxed);
        let taken_up = shards
            .iter()
            .map(|share| share.taken_up.load(Ordering::Relaxed));
        Some(RecoveryProgress {
            taken_up: taken_up.sum(),
            found: Some(found).filter(|found| *found != UNKNOWN),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shards_add_up_and_one_that_dies_on_the_way_begins_again() {
        let gauge = RecoveryGauge::new(2);
        gauge.begin(0);
        gauge.begin(1);
        gauge.take_up(0, 3);
        let progress = |taken_up, found| Some(RecoveryProgress { taken_up, found });
        assert_eq!(gauge.progress(), progress(3, None));
        gauge.found(10);
        gauge.live(0);
        gauge.take_up(1, 5);
        gauge.take_up(1, 1);
        assert_eq!(gauge.progress(), progress(9, Some(10)));
        gauge.begin(1);
        gauge.found(10);
        assert_eq!(gauge.progress(), progress(3, Some(10)));
        gauge.live(1);
        gauge.begin(1);
        assert_eq!(gauge.progress(), None);
    }
}
