//! The sliding window in which a group counts the deaths of its children.

use std::collections::VecDeque;

use tokio::time::Instant;

use crate::child::Intensity;

pub(crate) struct DeathWindow {
    intensity: Intensity,
    deaths: VecDeque<Instant>,
}

impl DeathWindow {
    pub(crate) fn new(intensity: Intensity) -> Self {
        Self {
            intensity,
            deaths: VecDeque::new(),
        }
    }

    pub(crate) fn intensity(&self) -> Intensity {
        self.intensity
    }

    /// Counts one death; true when the group has now had more than it may have.
    pub(crate) fn record(&mut self, now: Instant) -> bool {
        self.forget_before(now);
        self.deaths.push_back(now);
        self.deaths.len() > self.intensity.restarts_max as usize
    }

    pub(crate) fn deaths(&mut self, now: Instant) -> usize {
        self.forget_before(now);
        self.deaths.len()
    }

    pub(crate) fn clear(&mut self) {
        self.deaths.clear();
    }

    fn forget_before(&mut self, now: Instant) {
        while let Some(oldest) = self.deaths.front() {
            if now.duration_since(*oldest) < self.intensity.window {
                break;
            }
            self.deaths.pop_front();
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn window(restarts_max: u32) -> DeathWindow {
        DeathWindow::new(Intensity {
            restarts_max,
            window: Duration::from_secs(30),
        })
    }

    #[test]
    fn exactly_the_maximum_passes_and_the_next_does_not() {
        let mut window = window(5);
        let now = Instant::now();
        for nth in 0..5 {
            assert!(!window.record(now + Duration::from_secs(nth)));
        }
        assert!(window.record(now + Duration::from_secs(5)));
    }

    #[test]
    fn a_death_older_than_the_window_no_longer_counts() {
        let mut window = window(1);
        let now = Instant::now();
        assert!(!window.record(now));
        assert!(!window.record(now + Duration::from_secs(30)));
        assert_eq!(window.deaths(now + Duration::from_secs(30)), 1);
        assert!(window.record(now + Duration::from_secs(59)));
    }

    #[test]
    fn a_maximum_of_zero_lets_no_death_pass() {
        assert!(window(0).record(Instant::now()));
    }
}
