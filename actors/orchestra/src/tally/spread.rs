//! How lengths of time are spread, as counts in buckets whose width is an eighth of a power of two: a log-linear histogram
//! (Tene, HdrHistogram, 2012). A quantile of it is within a sixteenth of the true one.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

/// Buckets of one power of two.
const PARTS: usize = 8;
const PARTS_BITS: u32 = PARTS.trailing_zeros();
/// Below this every microsecond has a bucket of its own.
const EXACT_US: usize = 2 * PARTS;
const EXACT_BITS: u32 = EXACT_US.trailing_zeros();
/// Times of 2 to this power microseconds, 50 days, and longer fall into the last bucket.
const LONGEST_BITS: u32 = 42;
const BUCKETS: usize = EXACT_US + (LONGEST_BITS - EXACT_BITS) as usize * PARTS;

/// Counts of lengths of time; written and read at any time by anyone.
pub struct Spread {
    counts: [AtomicU64; BUCKETS],
    sum_us: AtomicU64,
}

impl Default for Spread {
    fn default() -> Self {
        Self {
            counts: [const { AtomicU64::new(0) }; BUCKETS],
            sum_us: AtomicU64::new(0),
        }
    }
}

/// The counts at one moment, or of the time between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SpreadFigures {
    counts: Vec<u64>,
    pub sum: Duration,
}

impl Spread {
    pub fn note(&self, time: Duration) {
        let time_us = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.counts[bucket_of(time_us)].fetch_add(1, Ordering::Relaxed);
        self.sum_us.fetch_add(time_us, Ordering::Relaxed);
    }

    pub fn figures(&self) -> SpreadFigures {
        let read = |count: &AtomicU64| count.load(Ordering::Relaxed);
        SpreadFigures {
            counts: self.counts.iter().map(read).collect(),
            sum: Duration::from_micros(self.sum_us.load(Ordering::Relaxed)),
        }
    }
}

impl SpreadFigures {
    /// What has come since `earlier`, which are figures of the same spread.
    pub fn since(&self, earlier: &Self) -> Self {
        let pairs = self.counts.iter().zip(&earlier.counts);
        Self {
            counts: pairs.map(|(now, then)| now.saturating_sub(*then)).collect(),
            sum: self.sum.saturating_sub(earlier.sum),
        }
    }

    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The middle of the bucket in which the median lies; none of nothing.
    pub fn median(&self) -> Option<Duration> {
        let rank = self.count().div_ceil(2);
        let mut passed = 0;
        let bucket = self.counts.iter().position(|count| {
            passed += count;
            rank > 0 && passed >= rank
        })?;
        Some(middle_of(bucket))
    }
}

fn bucket_of(time_us: u64) -> usize {
    if time_us < EXACT_US as u64 {
        return usize::try_from(time_us).expect("below a few exact ones");
    }
    let power = time_us.ilog2();
    if power >= LONGEST_BITS {
        return BUCKETS - 1;
    }
    let part = (time_us >> (power - PARTS_BITS)) as usize % PARTS;
    EXACT_US + (power - EXACT_BITS) as usize * PARTS + part
}

fn middle_of(bucket: usize) -> Duration {
    let Some(above) = bucket.checked_sub(EXACT_US) else {
        return Duration::from_micros(bucket as u64);
    };
    let width = 1_u64 << (above / PARTS + 1);
    let least = (PARTS + above % PARTS) as u64 * width;
    Duration::from_micros(least + width / 2)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn nothing_has_no_median() {
        assert_eq!(Spread::default().figures().median(), None);
    }

    #[test]
    fn what_is_longer_than_any_bucket_counts_in_the_last() {
        let spread = Spread::default();
        spread.note(Duration::MAX);
        spread.note(Duration::from_micros(1 << LONGEST_BITS));
        assert_eq!(spread.figures().counts.last(), Some(&2));
    }

    #[test]
    fn figures_of_an_interval_have_nothing_of_what_was_before() {
        let spread = Spread::default();
        spread.note(Duration::from_secs(1));
        let before = spread.figures();
        spread.note(Duration::from_micros(7));
        let interval = spread.figures().since(&before);
        assert_eq!((interval.count(), before.count()), (1, 1));
        assert_eq!(interval.median(), Some(Duration::from_micros(7)));
        assert_eq!(interval.sum, Duration::from_micros(7));
    }

    proptest! {
        #[test]
        fn a_median_is_within_a_sixteenth_of_the_true_one(
            times in prop::collection::vec(0_u64..1 << 41, 1..200),
        ) {
            let spread = Spread::default();
            times.iter().for_each(|time| spread.note(Duration::from_micros(*time)));
            let mut sorted = times.clone();
            sorted.sort_unstable();
            let truth = sorted[times.len().div_ceil(2) - 1];
            let median = spread.figures().median().unwrap().as_micros() as f64;
            prop_assert!((median - truth as f64).abs() <= truth as f64 / 16.0);
            prop_assert_eq!(spread.figures().sum, Duration::from_micros(times.iter().sum()));
        }
    }
}
