//! From what the house has counted since it started to the samples of one interval. A sample that is a median or a part
//! rests on so many jobs or commits at least; until there are so many the interval goes on.

use std::{collections::HashMap, sync::Arc, time::Duration};

use callboard_orchestra::{
    House,
    tally::{KindFigures, SpreadFigures},
};

use super::{series::Series, watch::Key};

/// Jobs or commits that a sample rests on at the least.
const COUNTED_MIN: u64 = 5;
const JOURNAL: &str = "journal";

/// What had been counted when samples were last taken.
#[derive(Default)]
pub(super) struct Sampler {
    kinds: HashMap<Arc<str>, KindFigures>,
    restarts: HashMap<Arc<str>, u64>,
    commits: Option<SpreadFigures>,
}

impl Sampler {
    /// The first time of a subject gives no sample of it.
    pub(super) fn samples(&mut self, house: &House) -> Vec<(Key, f64)> {
        let mut samples = Vec::new();
        for (kind, tally) in house.tally.kinds() {
            samples.extend(self.of_kind(kind, tally.figures()));
        }
        for (role, crew) in house.crews.iter() {
            samples.extend(self.of_role(role, crew.vitals().restarts));
        }
        samples.extend(self.of_commits(house.tally.commits().figures()));
        samples
    }

    fn of_kind(&mut self, kind: &Arc<str>, now: KindFigures) -> Vec<(Key, f64)> {
        let Some(before) = self.kinds.get(kind) else {
            self.kinds.insert(kind.clone(), now);
            return Vec::new();
        };
        let latency = now.latency.since(&before.latency);
        let failed = now.failed.saturating_sub(before.failed);
        let ended = failed + now.succeeded.saturating_sub(before.succeeded);
        if ended < COUNTED_MIN || latency.count() < COUNTED_MIN {
            return Vec::new();
        }
        self.kinds.insert(kind.clone(), now);
        let rate = failed as f64 / ended as f64;
        let median = latency.median().map(millis);
        let of = |series| (series, kind.clone());
        let samples = [
            Some((of(Series::JobFailures), rate)),
            median.map(|median| (of(Series::JobLatency), median)),
        ];
        samples.into_iter().flatten().collect()
    }

    fn of_role(&mut self, role: &Arc<str>, now: u64) -> Option<(Key, f64)> {
        let before = self.restarts.insert(role.clone(), now)?;
        let restarts = now.saturating_sub(before) as f64;
        Some(((Series::Restarts, role.clone()), restarts))
    }

    fn of_commits(&mut self, now: SpreadFigures) -> Option<(Key, f64)> {
        let Some(before) = &self.commits else {
            self.commits = Some(now);
            return None;
        };
        let commits = now.since(before);
        if commits.count() < COUNTED_MIN {
            return None;
        }
        self.commits = Some(now);
        let key = (Series::CommitLatency, JOURNAL.into());
        Some((key, millis(commits.median()?)))
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}
