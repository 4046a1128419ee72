//! How the journal's writer is doing, for anyone to read without asking it.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

/// The journal at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct JournalVitals {
    /// Records and questions that wait for a commit.
    pub waiting: usize,
    /// How long the commit that is under way has taken so far.
    pub committing_for: Option<Duration>,
    pub last_commit: Option<LastCommit>,
}

/// The latest commit that ended, well or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LastCommit {
    /// Since it ended.
    pub ago: Duration,
    pub took: Duration,
}

/// What writers keep up. Clones share it.
#[derive(Clone)]
pub(crate) struct JournalGauge(Arc<Figures>);

/// Times are microseconds after `born`, and 0 for never.
struct Figures {
    born: Instant,
    waiting: AtomicUsize,
    began_us: AtomicU64,
    ended_us: AtomicU64,
    took_us: AtomicU64,
}

impl Default for JournalGauge {
    fn default() -> Self {
        Self(Arc::new(Figures {
            born: Instant::now(),
            waiting: AtomicUsize::new(0),
            began_us: AtomicU64::new(0),
            ended_us: AtomicU64::new(0),
            took_us: AtomicU64::new(0),
        }))
    }
}

impl JournalGauge {
    pub fn waits(&self, waiting: usize) {
        self.0.waiting.store(waiting, Ordering::Relaxed);
    }

    pub fn began(&self) {
        self.0.began_us.store(self.now_us(), Ordering::Relaxed);
    }

    /// A commit has ended, or its writer has died.
    pub fn ended(&self) {
        let (began, now) = (self.0.began_us.swap(0, Ordering::Relaxed), self.now_us());
        if began > 0 {
            self.0.took_us.store(now - began, Ordering::Relaxed);
            self.0.ended_us.store(now, Ordering::Relaxed);
        }
    }

    pub fn vitals(&self) -> JournalVitals {
        let [began, ended, took] = [&self.0.began_us, &self.0.ended_us, &self.0.took_us]
            .map(|figure| figure.load(Ordering::Relaxed));
        let since = |then| Duration::from_micros(self.now_us().saturating_sub(then));
        JournalVitals {
            waiting: self.0.waiting.load(Ordering::Relaxed),
            committing_for: (began > 0).then(|| since(began)),
            last_commit: (ended > 0).then(|| LastCommit {
                ago: since(ended),
                took: Duration::from_micros(took),
            }),
        }
    }

    fn now_us(&self) -> u64 {
        let now = self.0.born.elapsed().as_micros();
        u64::try_from(now).unwrap_or(u64::MAX).max(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_commit_under_way_is_told_from_the_last_that_ended() {
        let gauge = JournalGauge::default();
        assert_eq!(gauge.vitals().last_commit, None);
        gauge.waits(3);
        gauge.began();
        let vitals = gauge.vitals();
        assert!(vitals.committing_for.is_some() && vitals.last_commit.is_none());
        assert_eq!(vitals.waiting, 3);
        gauge.ended();
        let first = gauge.vitals();
        assert!(first.committing_for.is_none() && first.last_commit.is_some());
        gauge.ended();
        let took = |vitals: JournalVitals| vitals.last_commit.map(|last| last.took);
        assert_eq!(took(gauge.vitals()), took(first), "nothing was under way");
    }
}
