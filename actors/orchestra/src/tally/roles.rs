//! What attempts of one role came to, and what they took.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::spread::{Spread, SpreadFigures};

/// An attempt of more than this part of its time limit ended near it.
const NEAR_LIMIT: f64 = 0.8;

/// One attempt that a worker had.
pub(crate) struct Attempt {
    pub end: End,
    /// In the crew's queue.
    pub waited: Duration,
    pub took: Duration,
    /// Its time limit.
    pub limit: Duration,
}

/// How an attempt ended, as far as it says what its time was good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    /// With a product, or to go on later.
    Good,
    /// To be tried again for no use: asked for, panicked, stalled, lost.
    Wasted,
    /// The same, at its time limit.
    TimedOut,
    /// The task cannot be done.
    Rejected,
    /// Withdrawn.
    Withdrawn,
}

#[derive(Default)]
pub struct RoleTally {
    runs: Spread,
    waits: Spread,
    wasted: AtomicU64,
    wasted_us: AtomicU64,
    timed_out: AtomicU64,
    near_limit: AtomicU64,
    rejected: AtomicU64,
}

/// A [`RoleTally`] at one moment.
#[derive(Debug, Clone)]
pub struct RoleFigures {
    /// Times of attempts in the hands of a worker.
    pub runs: SpreadFigures,
    /// Times of the same attempts in the crew's queue.
    pub waits: SpreadFigures,
    /// Attempts that came to nothing, timed out ones included.
    pub wasted: u64,
    /// Time of those.
    pub wasted_time: Duration,
    pub timed_out: u64,
    /// Attempts that took more than 80 % of their time limit, timed out ones included.
    pub near_limit: u64,
    /// Attempts that found that their task cannot be done.
    pub rejected: u64,
}

impl RoleTally {
    pub(crate) fn note(&self, attempt: &Attempt) {
        self.runs.note(attempt.took);
        self.waits.note(attempt.waited);
        let count = |counter: &AtomicU64| counter.fetch_add(1, Ordering::Relaxed);
        match attempt.end {
            End::Good | End::Withdrawn => {}
            End::Rejected => drop(count(&self.rejected)),
            End::Wasted | End::TimedOut => {
                count(&self.wasted);
                let took_us = u64::try_from(attempt.took.as_micros()).unwrap_or(u64::MAX);
                self.wasted_us.fetch_add(took_us, Ordering::Relaxed);
            }
        }
        if attempt.end == End::TimedOut {
            count(&self.timed_out);
        }
        if attempt.end != End::Withdrawn && attempt.took > attempt.limit.mul_f64(NEAR_LIMIT) {
            count(&self.near_limit);
        }
    }

    pub fn figures(&self) -> RoleFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        RoleFigures {
            runs: self.runs.figures(),
            waits: self.waits.figures(),
            wasted: read(&self.wasted),
            wasted_time: Duration::from_micros(read(&self.wasted_us)),
            timed_out: read(&self.timed_out),
            near_limit: read(&self.near_limit),
            rejected: read(&self.rejected),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: Duration = Duration::from_secs(10);

    fn noted(end: End, took_s: u64) -> RoleFigures {
        let tally = RoleTally::default();
        tally.note(&Attempt {
            end,
            waited: Duration::from_secs(1),
            took: Duration::from_secs(took_s),
            limit: LIMIT,
        });
        tally.figures()
    }

    #[test]
    fn time_is_wasted_by_attempts_that_are_tried_again_alone() {
        for (end, wasted) in [
            (End::Good, 0),
            (End::Rejected, 0),
            (End::Withdrawn, 0),
            (End::Wasted, 1),
            (End::TimedOut, 1),
        ] {
            let figures = noted(end, 4);
            assert_eq!(figures.wasted, wasted, "{end:?}");
            assert_eq!(figures.wasted_time, Duration::from_secs(4 * wasted));
            assert_eq!((figures.runs.count(), figures.waits.count()), (1, 1));
            assert_eq!(figures.rejected, u64::from(end == End::Rejected));
        }
    }

    #[test]
    fn an_attempt_is_near_its_limit_beyond_four_fifths_of_it() {
        assert_eq!(noted(End::Good, 8).near_limit, 0);
        assert_eq!(noted(End::Good, 9).near_limit, 1);
        assert_eq!(noted(End::Withdrawn, 9).near_limit, 0);
        let timed_out = noted(End::TimedOut, 10);
        assert_eq!((timed_out.near_limit, timed_out.timed_out), (1, 1));
    }
}
