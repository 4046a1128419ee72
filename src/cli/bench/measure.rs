//! What is measured, and how several rounds of it become one figure.

use serde::Serialize;

/// One quantity. A workload or a limit has a table of its own.
#[derive(Debug)]
pub struct Measure {
    /// In the JSON report, unit included.
    pub key: &'static str,
    pub label: &'static str,
    /// Shown after the decimal point.
    pub digits: usize,
    /// Keys of the limits it is divided by.
    pub beside: &'static [&'static str],
}

/// A quantity as one round found it.
#[derive(Debug, Clone, Copy)]
pub struct Reading {
    pub measure: &'static Measure,
    pub value: f64,
}

impl Measure {
    pub fn reads(&'static self, value: f64) -> Reading {
        Reading {
            measure: self,
            value,
        }
    }
}

/// What one round of a workload found.
#[derive(Debug, Default)]
pub struct Round {
    pub readings: Vec<Reading>,
    /// Answers that were wrong or missing, the warm-up's included.
    pub failed: u64,
}

/// One quantity over all rounds.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Spread {
    pub median: f64,
    pub min: f64,
    pub max: f64,
    /// In the order of the rounds.
    pub runs: Vec<f64>,
}

impl Spread {
    /// None of nothing.
    pub fn of(runs: Vec<f64>) -> Option<Self> {
        let mut sorted = runs.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let middle = sorted.len() / 2;
        let median = match sorted.len() % 2 {
            _ if sorted.is_empty() => return None,
            1 => sorted[middle],
            _ => f64::midpoint(sorted[middle - 1], sorted[middle]),
        };
        Some(Self {
            median,
            min: sorted[0],
            max: sorted[sorted.len() - 1],
            runs,
        })
    }
}

/// The smallest value that is not below `percent` per cent of them (nearest rank); None of nothing.
pub fn percentile(values: impl IntoIterator<Item = f64>, percent: usize) -> Option<f64> {
    let mut sorted: Vec<f64> = values.into_iter().collect();
    sorted.sort_unstable_by(f64::total_cmp);
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let values = || (1..=200).rev().map(f64::from);
        assert_eq!(percentile(values(), 50), Some(100.0));
        assert_eq!(percentile(values(), 99), Some(198.0));
        assert_eq!(percentile([200.0], 99), Some(200.0));
        assert_eq!(percentile([], 50), None);
    }

    #[test]
    fn a_spread_has_the_middle_of_its_rounds() {
        let spread = Spread::of(vec![3.0, 1.0, 2.0]).unwrap();
        assert_eq!((spread.median, spread.min, spread.max), (2.0, 1.0, 3.0));
        assert_eq!(spread.runs, [3.0, 1.0, 2.0]);
        assert_eq!(Spread::of(vec![4.0, 1.0]).unwrap().median, 2.5);
        assert_eq!(Spread::of(Vec::new()), None);
    }
}
