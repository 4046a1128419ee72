//! The wait before a rebuild, and how many rebuilds came in a row.

use std::time::Duration;

use rand::RngExt;

use crate::child::Backoff;

const JITTER_MIN: f64 = 0.5;
const JITTER_MAX: f64 = 1.5;

impl Backoff {
    /// The wait before the `nth` rebuild in a row, counted from 1; the first is built at once.
    pub(crate) fn delay(&self, nth: u32) -> Duration {
        match nth {
            0 | 1 => Duration::ZERO,
            nth => {
                let jitter = rand::rng().random_range(JITTER_MIN..=JITTER_MAX);
                let exact = self.exact(nth - 2);
                Duration::try_from_secs_f64(exact.as_secs_f64() * jitter).unwrap_or(exact)
            }
        }
    }

    fn exact(&self, doublings: u32) -> Duration {
        let factor = 2_u32.checked_pow(doublings).unwrap_or(u32::MAX);
        self.base.saturating_mul(factor).min(self.max)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_rebuild_does_not_wait() {
        assert_eq!(Backoff::default().delay(1), Duration::ZERO);
    }

    #[test]
    fn the_wait_doubles_up_to_its_maximum() {
        let backoff = Backoff::default();
        let exact: Vec<u128> = (0..9).map(|n| backoff.exact(n).as_millis()).collect();
        assert_eq!(
            exact,
            [100, 200, 400, 800, 1600, 3200, 6400, 10_000, 10_000]
        );
        assert_eq!(backoff.exact(u32::MAX), backoff.max);
    }

    #[test]
    fn the_jitter_stays_between_half_and_one_and_a_half() {
        let backoff = Backoff::default();
        let waits: Vec<Duration> = (0..2_000).map(|_| backoff.delay(2)).collect();
        assert!(waits.iter().all(|wait| *wait >= backoff.base.mul_f64(0.5)));
        assert!(waits.iter().all(|wait| *wait <= backoff.base.mul_f64(1.5)));
        let spread =
            waits.iter().max().unwrap().as_secs_f64() / waits.iter().min().unwrap().as_secs_f64();
        assert!(
            spread > 2.0,
            "two thousand draws should cover most of the range"
        );
    }
}
