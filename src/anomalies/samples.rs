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

#[cfg(test)]
mod tests {
    use callboard_orchestra::tally::Spread;

    use super::*;

    fn kind(latency: &Spread, succeeded: u64, failed: u64) -> KindFigures {
        KindFigures {
            latency: latency.figures(),
            succeeded,
            failed,
            refused: 0,
            task_time: Duration::ZERO,
        }
    }

    fn note(spread: &Spread, times: u64, time: Duration) {
        (0..times).for_each(|_| spread.note(time));
    }

    fn sample(samples: &[(Key, f64)], series: Series) -> f64 {
        let mut found = samples.iter().filter(|((one, _), _)| *one == series);
        found.next().unwrap().1
    }

    #[test]
    fn a_sample_of_jobs_is_of_those_that_ended_since_the_last_one() {
        let (mut sampler, latency) = (Sampler::default(), Spread::default());
        let name: Arc<str> = "market.compare".into();
        note(&latency, 100, Duration::from_secs(9));
        assert_eq!(sampler.of_kind(&name, kind(&latency, 50, 50)), []);

        note(&latency, 8, Duration::from_secs(1));
        let samples = sampler.of_kind(&name, kind(&latency, 56, 52));
        assert_eq!(sample(&samples, Series::JobFailures), 0.25);
        let median = sample(&samples, Series::JobLatency);
        assert!((median - 1_000.0).abs() <= 1_000.0 / 16.0, "{median}");
    }

    #[test]
    fn an_interval_of_few_jobs_goes_on_until_there_are_more() {
        let (mut sampler, latency) = (Sampler::default(), Spread::default());
        let name: Arc<str> = "market.compare".into();
        sampler.of_kind(&name, kind(&latency, 0, 0));
        note(&latency, 4, Duration::from_secs(1));
        assert_eq!(sampler.of_kind(&name, kind(&latency, 0, 4)), []);
        note(&latency, 1, Duration::from_secs(1));
        let samples = sampler.of_kind(&name, kind(&latency, 1, 4));
        assert_eq!(sample(&samples, Series::JobFailures), 0.8);
    }

    #[test]
    fn restarts_and_commits_are_those_of_the_interval() {
        let mut sampler = Sampler::default();
        let role: Arc<str> = "market.analyst".into();
        assert_eq!(sampler.of_role(&role, 7), None);
        let restarts = (Series::Restarts, role.clone());
        assert_eq!(sampler.of_role(&role, 9), Some((restarts, 2.0)));

        let commits = Spread::default();
        note(&commits, 50, Duration::from_secs(1));
        assert_eq!(sampler.of_commits(commits.figures()), None);
        note(&commits, 5, Duration::from_micros(10));
        let journal = (Series::CommitLatency, JOURNAL.into());
        assert_eq!(sampler.of_commits(commits.figures()), Some((journal, 0.01)));
    }
}
