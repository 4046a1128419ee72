//! Every series with its detector, and the list of what was unusual. Samples and time come in, so that it needs neither
//! clock nor server.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
    time::Duration,
};

use callboard_orchestra::Timestamp;

use super::{
    detector::{Detector, Judgement, NORMAL_AFTER, Reading, Settings},
    series::Series,
};

/// Series that are watched at the most. Further ones are not.
const SERIES_MAX: usize = 256;
/// Anomalies that are listed: of the oldest that are over the first to go. Each series has one at the most that is not.
const ANOMALIES_MAX: usize = 2 * SERIES_MAX;
/// A series without a sample for this long is forgotten.
const FORGOTTEN_AFTER: Duration = Duration::from_secs(7 * 24 * 3_600);

/// A series of one subject: a kind, a role, or the journal.
pub(super) type Key = (Series, Arc<str>);

/// One time that a series was higher than usual.
#[derive(Debug, Clone, PartialEq)]
pub struct Anomaly {
    pub series: Series,
    pub subject: Arc<str>,
    /// The sample that was furthest off so far.
    pub value: f64,
    /// What was usual.
    pub median: f64,
    /// Deviations of `value` from `median`.
    pub z: f64,
    /// Of the first unusual sample.
    pub at: Timestamp,
    /// None while it goes on.
    pub over: Option<(Timestamp, Ending)>,
}

/// Why an anomaly is over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The series is as usual again.
    Returned,
    /// It lasted so long that it is what is usual.
    Accepted,
    /// The series has no more samples.
    Silent,
}

/// What there is to see.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    /// Series with samples.
    pub series: usize,
    /// Of them those with too few samples to judge.
    pub learning: usize,
    /// Newest first.
    pub anomalies: Vec<Anomaly>,
}

impl Seen {
    /// Anomalies that go on.
    pub fn current(&self) -> impl Iterator<Item = &Anomaly> {
        let goes_on = |anomaly: &&Anomaly| anomaly.over.is_none();
        self.anomalies.iter().filter(goes_on)
    }
}

pub(super) struct Watch {
    window: usize,
    threshold: f64,
    /// A series that has no sample for this long has none.
    silent_after: Duration,
    series: HashMap<Key, Watched>,
    /// Newest first.
    anomalies: VecDeque<Anomaly>,
}

struct Watched {
    detector: Detector,
    sampled_at: Timestamp,
}

impl Watch {
    /// `every` is the time from one round to the next.
    pub(super) fn new(window: usize, threshold: f64, every: Duration) -> Self {
        let rounds = u32::try_from(NORMAL_AFTER).expect("a handful");
        Self {
            window,
            threshold,
            silent_after: every.saturating_mul(rounds),
            series: HashMap::new(),
            anomalies: VecDeque::new(),
        }
    }

    /// Judges the samples of one round. Gives back what began.
    pub(super) fn take(&mut self, at: Timestamp, samples: Vec<(Key, f64)>) -> Vec<Anomaly> {
        let mut began = Vec::new();
        for (key, sample) in samples {
            if let Some(anomaly) = self.judge(at, key, sample) {
                began.push(anomaly);
            }
        }
        self.end_silent(at);
        self.series
            .retain(|_, watched| at.since(watched.sampled_at) < FORGOTTEN_AFTER);
        began
    }

    pub(super) fn seen(&self) -> Seen {
        let learning = |watched: &&Watched| watched.detector.is_learning();
        Seen {
            series: self.series.len(),
            learning: self.series.values().filter(learning).count(),
            anomalies: self.anomalies.iter().cloned().collect(),
        }
    }

    fn judge(&mut self, at: Timestamp, key: Key, sample: f64) -> Option<Anomaly> {
        if self.series.len() >= SERIES_MAX && !self.series.contains_key(&key) {
            return None;
        }
        let settings = Settings {
            window: self.window,
            threshold: self.threshold,
            least_scale: key.0.least_scale(),
        };
        let watched = self.series.entry(key.clone()).or_insert_with(|| Watched {
            detector: Detector::new(settings),
            sampled_at: at,
        });
        watched.sampled_at = at;
        match watched.detector.judge(sample) {
            // What has no number says nothing.
            Err(_) | Ok(Judgement::Learning) => None,
            Ok(Judgement::Usual(_)) => {
                self.end(&key, at, Ending::Returned);
                None
            }
            Ok(Judgement::Unusual(reading)) => self.go_on(key, at, sample, reading),
            Ok(Judgement::Accepted(reading)) => {
                let began = self.go_on(key.clone(), at, sample, reading);
                self.end(&key, at, Ending::Accepted);
                began
            }
        }
    }

    fn current(&mut self, (series, subject): &Key) -> Option<&mut Anomaly> {
        self.anomalies.iter_mut().find(|anomaly| {
            anomaly.over.is_none() && anomaly.series == *series && anomaly.subject == *subject
        })
    }

    fn go_on(&mut self, key: Key, at: Timestamp, value: f64, reading: Reading) -> Option<Anomaly> {
        let Reading { median, z } = reading;
        if let Some(anomaly) = self.current(&key) {
            if z > anomaly.z {
                (anomaly.value, anomaly.median, anomaly.z) = (value, median, z);
            }
            return None;
        }
        let (series, subject) = key;
        let began = Anomaly {
            series,
            subject,
            value,
            median,
            z,
            at,
            over: None,
        };
        self.anomalies.push_front(began.clone());
        if self.anomalies.len() > ANOMALIES_MAX {
            let oldest = self.anomalies.iter().rposition(|one| one.over.is_some());
            oldest.map(|place| self.anomalies.remove(place));
        }
        Some(began)
    }

    fn end(&mut self, key: &Key, at: Timestamp, ending: Ending) {
        if let Some(anomaly) = self.current(key) {
            anomaly.over = Some((at, ending));
        }
    }

    fn end_silent(&mut self, at: Timestamp) {
        let silent = |watched: &Watched| at.since(watched.sampled_at) > self.silent_after;
        let series = self.series.iter().filter(|(_, watched)| silent(watched));
        let silent: Vec<Key> = series.map(|(key, _)| key.clone()).collect();
        for key in silent {
            self.end(&key, at, Ending::Silent);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::anomalies::detector::SAMPLES_MIN;

    const EVERY: Duration = Duration::from_secs(30);

    fn key(subject: &str) -> Key {
        (Series::Restarts, subject.into())
    }

    struct Rounds {
        watch: Watch,
        at: Timestamp,
    }

    impl Rounds {
        fn new() -> Self {
            let watch = Watch::new(60, 3.5, EVERY);
            let at = Timestamp::from_millis(0);
            Self { watch, at }
        }

        fn take(&mut self, subject: &str, sample: f64) -> Vec<Anomaly> {
            self.at = self.at.plus(EVERY);
            self.watch.take(self.at, vec![(key(subject), sample)])
        }

        fn learn(&mut self, subject: &str) {
            for _ in 0..SAMPLES_MIN {
                assert_eq!(self.take(subject, 0.0), []);
            }
        }

        fn newest(&self) -> Anomaly {
            self.watch.seen().anomalies[0].clone()
        }
    }

    #[test]
    fn an_anomaly_begins_once_keeps_its_worst_sample_and_ends_when_the_series_returns() {
        let mut rounds = Rounds::new();
        assert_eq!(rounds.watch.seen().learning, 0);
        rounds.take("a.b", 0.0);
        assert_eq!(rounds.watch.seen().learning, 1);
        rounds.learn("a.b");
        assert_eq!(rounds.watch.seen().learning, 0);
        let began = rounds.take("a.b", 5.0);
        let at = rounds.at;
        assert_eq!(began, [rounds.newest()]);
        assert_eq!(rounds.take("a.b", 9.0), []);
        assert_eq!(rounds.take("a.b", 4.0), []);
        assert_eq!(rounds.watch.seen().current().count(), 1);
        assert_eq!(rounds.take("a.b", 0.0), []);
        let anomaly = rounds.newest();
        assert_eq!(anomaly.over, Some((rounds.at, Ending::Returned)));
        assert_eq!((anomaly.value, anomaly.median, anomaly.z), (9.0, 0.0, 9.0));
        assert_eq!(anomaly.at, at);
        assert_eq!(rounds.watch.seen().current().count(), 0);
        assert_eq!(rounds.take("a.b", 5.0).len(), 1, "another one");
        assert_eq!(rounds.watch.seen().anomalies.len(), 2);
    }

    #[test]
    fn what_lasts_is_over_when_it_is_accepted() {
        let mut rounds = Rounds::new();
        rounds.learn("a.b");
        for _ in 0..NORMAL_AFTER {
            rounds.take("a.b", 50.0);
        }
        assert_eq!(rounds.newest().over, Some((rounds.at, Ending::Accepted)));
        assert_eq!(rounds.take("a.b", 50.0), []);
        assert_eq!(rounds.watch.seen().anomalies.len(), 1);
    }

    #[test]
    fn an_anomaly_of_a_series_that_falls_silent_is_over_and_the_series_forgotten_later() {
        let mut rounds = Rounds::new();
        rounds.learn("a.b");
        rounds.take("a.b", 50.0);
        for _ in 0..=NORMAL_AFTER {
            rounds.take("c.d", 0.0);
        }
        assert_eq!(rounds.newest().over, Some((rounds.at, Ending::Silent)));
        assert_eq!(rounds.watch.seen().series, 2);
        rounds.at = rounds.at.plus(FORGOTTEN_AFTER);
        rounds.take("c.d", 0.0);
        assert_eq!(rounds.watch.seen().series, 1);
    }

    #[test]
    fn series_and_anomalies_are_bounded_and_what_goes_on_is_never_dropped() {
        let mut rounds = Rounds::new();
        let subject = |number: usize| format!("role.{number}");
        let all = |sample: f64| {
            let samples = (0..SERIES_MAX + 5).map(|number| (key(&subject(number)), sample));
            samples.collect::<Vec<_>>()
        };
        for _ in 0..SAMPLES_MIN {
            rounds.watch.take(rounds.at, all(0.0));
        }
        assert_eq!(rounds.watch.seen().series, SERIES_MAX);
        rounds.watch.take(rounds.at, vec![(key(&subject(0)), 9.0)]);
        for _ in 0..4 {
            let others = |sample| all(sample).split_off(1);
            rounds.watch.take(rounds.at, others(9.0));
            rounds.watch.take(rounds.at, others(0.0));
        }
        let seen = rounds.watch.seen();
        assert_eq!(seen.anomalies.len(), ANOMALIES_MAX);
        let going: Vec<_> = seen.current().map(|one| one.subject.to_string()).collect();
        assert_eq!(going, [subject(0)]);
    }

    #[test]
    fn a_sample_that_is_no_number_changes_nothing() {
        let mut rounds = Rounds::new();
        rounds.learn("a.b");
        assert_eq!(rounds.take("a.b", f64::NAN), []);
        assert_eq!(rounds.take("a.b", 5.0).len(), 1);
    }
}
