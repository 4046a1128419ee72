//! What became of jobs of one kind, and what they took.

use std::{
    sync::atomic::{AtomicU64, Ordering},
    time::Duration,
};

use super::spread::{Spread, SpreadFigures};
use crate::job::JobState;

#[derive(Default)]
pub struct KindTally {
    latency: Spread,
    succeeded: AtomicU64,
    failed: AtomicU64,
    refused: AtomicU64,
    task_us: AtomicU64,
}

/// A [`KindTally`] at one moment.
#[derive(Debug, Clone)]
pub struct KindFigures {
    /// Times from submission to end of the jobs that succeeded or failed.
    pub latency: SpreadFigures,
    pub succeeded: u64,
    pub failed: u64,
    /// Submissions whose input was not admitted.
    pub refused: u64,
    /// Time of all attempts of its tasks.
    pub task_time: Duration,
}

impl KindTally {
    /// A job has ended. One that was cancelled says nothing about its kind.
    pub(crate) fn ended(&self, state: JobState, latency: Duration) {
        match state {
            JobState::Succeeded => self.succeeded.fetch_add(1, Ordering::Relaxed),
            JobState::Failed => self.failed.fetch_add(1, Ordering::Relaxed),
            JobState::Cancelled
            | JobState::Queued
            | JobState::Planning
            | JobState::Running
            | JobState::Waiting
            | JobState::Aggregating
            | JobState::Validating => return,
        };
        self.latency.note(latency);
    }

    pub(crate) fn refused(&self) {
        self.refused.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn attempted(&self, took: Duration) {
        let took_us = u64::try_from(took.as_micros()).unwrap_or(u64::MAX);
        self.task_us.fetch_add(took_us, Ordering::Relaxed);
    }

    pub fn figures(&self) -> KindFigures {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        KindFigures {
            latency: self.latency.figures(),
            succeeded: read(&self.succeeded),
            failed: read(&self.failed),
            refused: read(&self.refused),
            task_time: Duration::from_micros(read(&self.task_us)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cancelled_job_counts_neither_as_good_nor_as_failed() {
        let tally = KindTally::default();
        for state in JobState::ALL {
            tally.ended(state, Duration::from_secs(1));
        }
        let figures = tally.figures();
        assert_eq!((figures.succeeded, figures.failed), (1, 1));
        assert_eq!(figures.latency.count(), 2);
    }
}
