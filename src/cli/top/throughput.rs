//! How many jobs end in a second, from a counter that is read now and then.

use std::{
    collections::VecDeque,
    time::{Duration, Instant},
};

/// Readings that are kept.
const READINGS_MAX: usize = 120;
/// The rate is that of this time before the last reading.
const RATE_OVER: Duration = Duration::from_secs(10);

#[derive(Debug, Clone, Default)]
pub struct Throughput {
    readings: VecDeque<Reading>,
}

#[derive(Debug, Clone, Copy)]
struct Reading {
    at: Instant,
    ended: u64,
}

impl Throughput {
    /// Takes a reading of the counter. One below the last is that of another process, which began at zero.
    pub fn read(&mut self, at: Instant, ended: u64) {
        if self.readings.back().is_some_and(|last| ended < last.ended) {
            self.readings.clear();
        }
        if self.readings.len() == READINGS_MAX {
            self.readings.pop_front();
        }
        self.readings.push_back(Reading { at, ended });
    }

    /// Jobs a second over the last seconds; None before the second reading.
    pub fn rate(&self) -> Option<f64> {
        let last = self.readings.back()?;
        let is_near = |reading: &&Reading| last.at.duration_since(reading.at) <= RATE_OVER;
        let first = self.readings.iter().find(is_near)?;
        let first = match first.at < last.at {
            true => first,
            // After a silence the last two readings are all there is.
            false => self.readings.iter().rev().nth(1)?,
        };
        Some(per_second(first, last)).filter(|rate| rate.is_finite())
    }

    /// Jobs a second between readings, the last `count` of them, oldest first.
    pub fn history(&self, count: usize) -> Vec<f64> {
        let pairs = self.readings.iter().zip(self.readings.iter().skip(1));
        let rates: Vec<f64> = pairs.map(|(from, to)| per_second(from, to)).collect();
        rates[rates.len().saturating_sub(count)..].to_vec()
    }
}

fn per_second(from: &Reading, to: &Reading) -> f64 {
    (to.ended - from.ended) as f64 / to.at.duration_since(from.at).as_secs_f64()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn after(readings: &[(u64, u64)]) -> Throughput {
        let start = Instant::now();
        let mut throughput = Throughput::default();
        for (s, ended) in readings {
            throughput.read(start + Duration::from_secs(*s), *ended);
        }
        throughput
    }

    #[test]
    fn one_reading_makes_no_rate() {
        assert_eq!(after(&[]).rate(), None);
        assert_eq!(after(&[(0, 7)]).rate(), None);
    }

    #[test]
    fn the_rate_is_that_of_the_last_ten_seconds() {
        let throughput = after(&[(0, 0), (5, 1_000), (10, 1_010), (15, 1_020)]);
        assert_eq!(throughput.rate(), Some(2.0));
        assert_eq!(throughput.history(2), [2.0, 2.0]);
    }

    #[test]
    fn after_a_silence_the_rate_is_that_of_the_silence() {
        assert_eq!(after(&[(0, 0), (60, 120)]).rate(), Some(2.0));
    }

    #[test]
    fn a_counter_that_begins_again_is_another_process() {
        let throughput = after(&[(0, 50), (1, 60), (2, 3)]);
        assert_eq!((throughput.rate(), throughput.history(9)), (None, vec![]));
    }

    #[test]
    fn old_readings_are_let_go() {
        let readings: Vec<(u64, u64)> = (0..1_000).map(|s| (s, s)).collect();
        assert_eq!(after(&readings).history(usize::MAX).len(), READINGS_MAX - 1);
    }
}
