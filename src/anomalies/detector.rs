//! Whether a sample is usual for its series: the modified z-score of B. Iglewicz and D. Hoaglin, "How to Detect and Handle
//! Outliers", 1993, over a rolling window. Only what is higher than usual is told of.
//!
//! What is unusual stays out of the window until it is over; when it lasts for `NORMAL_AFTER` samples it is what is usual.

use std::collections::VecDeque;

/// Samples of a series before any is judged.
pub const SAMPLES_MIN: usize = 12;
/// Unusual samples in a row that are the new normal.
pub const NORMAL_AFTER: usize = 20;
/// Makes the median absolute deviation of normally distributed samples their standard deviation: 1 / 0.6745.
const DEVIATIONS_OF_MAD: f64 = 1.4826;
/// Samples beyond it, whose differences could have no number, are refused.
const SAMPLE_MAX: f64 = 1e150;

/// The least that counts as one deviation: the greater of the two. It keeps a series that hardly ever moves from an alarm at
/// the first tick.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct LeastScale {
    /// Of the median.
    pub relative: f64,
    /// In the unit of the series; above 0.
    pub absolute: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Settings {
    /// Samples that say what is usual.
    pub window: usize,
    /// Deviations from the median beyond which a sample is unusual. Iglewicz and Hoaglin recommend 3.5.
    pub threshold: f64,
    pub least_scale: LeastScale,
}

/// A sample against its window.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Reading {
    /// Of the window.
    pub median: f64,
    /// Deviations from the median.
    pub z: f64,
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Judgement {
    /// There are too few samples to say.
    Learning,
    Usual(Reading),
    Unusual(Reading),
    /// Unusual so often in a row that it is usual from now on.
    Accepted(Reading),
}

#[derive(Debug, Clone, Copy, PartialEq, thiserror::Error)]
#[error("{0} is no sample")]
pub struct NotASample(pub f64);

/// What is usual for one series.
#[derive(Debug, Clone)]
pub struct Detector {
    settings: Settings,
    window: VecDeque<f64>,
    /// Unusual samples in a row, up to the latest.
    aside: Vec<f64>,
}

impl Detector {
    pub fn new(settings: Settings) -> Self {
        Self {
            settings,
            window: VecDeque::with_capacity(settings.window),
            aside: Vec::new(),
        }
    }

    /// Judges the next sample of the series. Errors when it is not finite, and forgets it.
    pub fn judge(&mut self, sample: f64) -> Result<Judgement, NotASample> {
        if !sample.is_finite() || sample.abs() > SAMPLE_MAX {
            return Err(NotASample(sample));
        }
        if self.is_learning() {
            self.keep(sample);
            return Ok(Judgement::Learning);
        }
        let reading = self.read(sample);
        if reading.z <= self.settings.threshold {
            for passed in std::mem::take(&mut self.aside) {
                self.keep(passed);
            }
            self.keep(sample);
            return Ok(Judgement::Usual(reading));
        }
        self.aside.push(sample);
        if self.aside.len() < NORMAL_AFTER {
            return Ok(Judgement::Unusual(reading));
        }
        self.window.clear();
        for lasting in std::mem::take(&mut self.aside) {
            self.keep(lasting);
        }
        Ok(Judgement::Accepted(reading))
    }

    /// Whether there are too few samples for the next to be judged.
    pub fn is_learning(&self) -> bool {
        self.window.len() < SAMPLES_MIN
    }

    fn keep(&mut self, sample: f64) {
        self.window.push_back(sample);
        if self.window.len() > self.settings.window {
            self.window.pop_front();
        }
    }

    fn read(&self, sample: f64) -> Reading {
        let median = median(self.window.iter().copied());
        let spread = median_deviation(&self.window, median);
        let LeastScale { relative, absolute } = self.settings.least_scale;
        let scale = (DEVIATIONS_OF_MAD * spread)
            .max(relative * median.abs())
            .max(absolute);
        let z = (sample - median) / scale;
        Reading { median, z }
    }
}

fn median_deviation(window: &VecDeque<f64>, middle: f64) -> f64 {
    median(window.iter().map(|sample| (sample - middle).abs()))
}

/// Of one sample at least.
fn median(samples: impl Iterator<Item = f64>) -> f64 {
    let mut sorted: Vec<f64> = samples.collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let upper = sorted.len() / 2;
    match sorted.len() % 2 {
        0 => f64::midpoint(sorted[upper - 1], sorted[upper]),
        _ => sorted[upper],
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SETTINGS: Settings = Settings {
        window: 60,
        threshold: 3.5,
        least_scale: LeastScale {
            relative: 0.1,
            absolute: 1.0,
        },
    };

    fn judged(settings: Settings, samples: &[f64]) -> Vec<Judgement> {
        let mut detector = Detector::new(settings);
        let judge = |sample: &f64| detector.judge(*sample).unwrap();
        samples.iter().map(judge).collect()
    }

    fn is_alarm(judgement: &Judgement) -> bool {
        matches!(judgement, Judgement::Unusual(_) | Judgement::Accepted(_))
    }

    /// Samples about `level`, none further from it than a tenth of `level`, or than 1.
    fn about(level: f64) -> impl Strategy<Value = Vec<f64>> {
        let breadth = (0.1 * level).max(1.0);
        let sample = (-1.0..=1.0).prop_map(move |part: f64| level + part * breadth);
        prop::collection::vec(sample, SAMPLES_MIN..200)
    }

    #[test]
    fn the_score_of_a_sample_is_that_of_the_formula() {
        let samples = [
            1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0, 12.0,
        ];
        let settings = Settings {
            least_scale: LeastScale {
                relative: 0.0,
                absolute: 1e-9,
            },
            ..SETTINGS
        };
        let mut detector = Detector::new(settings);
        for sample in samples {
            assert_eq!(detector.judge(sample), Ok(Judgement::Learning));
        }
        // The median is 6.5, the median deviation from it 3.
        let Ok(Judgement::Unusual(Reading { median, z })) = detector.judge(26.5) else {
            panic!("twenty above the median of twelve numbers in a row");
        };
        assert_eq!(median, 6.5);
        assert!((z - 20.0 * 0.6745 / 3.0).abs() < 1e-3, "{z}");
    }

    #[test]
    fn nothing_is_judged_before_there_are_samples_enough() {
        let judged = judged(SETTINGS, &[1.0, 1e9, 2.0]);
        assert_eq!(judged, [Judgement::Learning; 3]);
    }

    #[test]
    fn what_passes_soon_is_forgiven_and_what_returns_in_turn_becomes_usual() {
        let before = 30;
        let mut samples = vec![100.0; before];
        for _ in 0..SETTINGS.window {
            samples.extend([100.0, 300.0]);
        }
        let judged = judged(SETTINGS, &samples);
        assert!(is_alarm(&judged[before + 1]), "the first of them");
        let later = &judged[before + SETTINGS.window..];
        assert!(!later.iter().any(is_alarm), "a series of two levels");
    }

    #[test]
    fn a_series_that_falls_raises_no_alarm() {
        let mut samples = vec![100.0; 30];
        samples.extend([1.0; 30]);
        assert!(!judged(SETTINGS, &samples).iter().any(is_alarm));
    }

    #[test]
    fn what_is_no_number_is_refused_and_leaves_no_trace() {
        let mut detector = Detector::new(SETTINGS);
        for _ in 0..SAMPLES_MIN {
            detector.judge(5.0).unwrap();
        }
        for sample in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, f64::MAX] {
            assert!(detector.judge(sample).is_err());
        }
        let reading = Reading {
            median: 5.0,
            z: 0.0,
        };
        assert_eq!(detector.judge(5.0), Ok(Judgement::Usual(reading)));
    }

    proptest! {
        #[test]
        fn a_constant_series_never_alarms(
            level in -1e12..1e12_f64, length in 1..300_usize,
        ) {
            prop_assert!(!judged(SETTINGS, &vec![level; length]).iter().any(is_alarm));
        }

        #[test]
        fn noise_below_the_least_scale_never_alarms(samples in about(1_000.0)) {
            prop_assert!(!judged(SETTINGS, &samples).iter().any(is_alarm));
        }

        #[test]
        fn a_jump_alarms_at_once_until_it_has_lasted_and_is_normal_then(
            samples in about(1_000.0), jump in 2.0..1e6_f64, after in 0..200_usize,
        ) {
            let mut all = samples.clone();
            all.extend(vec![1_000.0 * jump; NORMAL_AFTER + after]);
            let judged = judged(SETTINGS, &all);
            let (before, since) = judged.split_at(samples.len());
            prop_assert!(!before.iter().any(is_alarm));
            let (lasting, normal) = since.split_at(NORMAL_AFTER);
            prop_assert!(lasting.iter().all(is_alarm), "{lasting:?}");
            prop_assert!(matches!(lasting.last(), Some(Judgement::Accepted(_))));
            prop_assert!(!normal.iter().any(is_alarm), "{normal:?}");
        }

        #[test]
        fn the_unit_of_a_series_decides_nothing(
            samples in prop::collection::vec(0.0..1e6_f64, 0..200), powers in -40..40_i32,
        ) {
            // A power of two changes no digit.
            let unit = 2_f64.powi(powers);
            let LeastScale { relative, absolute } = SETTINGS.least_scale;
            let least_scale = LeastScale { relative, absolute: absolute * unit };
            let scaled: Vec<f64> = samples.iter().map(|sample| sample * unit).collect();
            let in_unit = |judgement: Judgement| match judgement {
                Judgement::Learning => (0, 0.0, 0.0),
                Judgement::Usual(Reading { median, z }) => (1, median * unit, z),
                Judgement::Unusual(Reading { median, z }) => (2, median * unit, z),
                Judgement::Accepted(Reading { median, z }) => (3, median * unit, z),
            };
            let bare = |judgement: Judgement| match judgement {
                Judgement::Learning => (0, 0.0, 0.0),
                Judgement::Usual(Reading { median, z }) => (1, median, z),
                Judgement::Unusual(Reading { median, z }) => (2, median, z),
                Judgement::Accepted(Reading { median, z }) => (3, median, z),
            };
            let one: Vec<_> = judged(SETTINGS, &samples).into_iter().map(in_unit).collect();
            let settings = Settings { least_scale, ..SETTINGS };
            let other: Vec<_> = judged(settings, &scaled).into_iter().map(bare).collect();
            prop_assert_eq!(one, other);
        }
    }
}
