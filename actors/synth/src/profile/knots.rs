//! A distribution as knots of its quantile function, each the mean of several neighbours, so that no record shows.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Records behind each knot.
pub const KNOT_RECORDS: usize = 5;
/// Equal steps of the quantile function.
const STEPS_MAX: usize = 256;
/// Knots that a profile may state for one distribution.
const KNOTS_MAX: usize = 1_024;

/// The quantile function, linear between knots.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Knots {
    /// Probabilities from 0 to 1, rising.
    levels: Vec<f64>,
    /// The quantile at each level, never falling.
    values: Vec<f64>,
}

impl Knots {
    /// Of a sorted sample that is not empty. Each knot is the mean of the [`KNOT_RECORDS`] records around its level; the
    /// tails, where quantiles run apart, get levels that halve for as long as a knot has records of its own.
    pub fn of(sorted: &[f64]) -> Self {
        let levels = levels(sorted.len());
        let mut highest = f64::NEG_INFINITY;
        let values = levels
            .iter()
            .map(|level| {
                // Rounding of means must not let the function fall.
                highest = around(sorted, *level).max(highest);
                highest
            })
            .collect();
        Self { levels, values }
    }

    /// The quantile of a probability.
    pub fn at(&self, probability: f64) -> f64 {
        let next = self.levels.partition_point(|level| *level <= probability);
        let (Some(before), Some(upper)) = (next.checked_sub(1), self.levels.get(next)) else {
            let end = if next == 0 { 0 } else { self.values.len() - 1 };
            return self.values[end];
        };
        let (low, high) = (self.values[before], self.values[next]);
        let part = (probability - self.levels[before]) / (upper - self.levels[before]);
        low + (high - low) * part
    }

    pub fn last(&self) -> f64 {
        self.values[self.values.len() - 1]
    }

    /// What is wrong with stated knots.
    pub fn fault(&self) -> Option<&'static str> {
        let rises = |values: &[f64]| values.windows(2).all(|pair| pair[0] < pair[1]);
        if self.levels.len() != self.values.len() {
            Some("levels and values differ in number")
        } else if self.levels.len() > KNOTS_MAX {
            Some("there are more than 1024 knots")
        } else if self.levels.first() != Some(&0.0) || self.levels.last() != Some(&1.0) {
            Some("levels must begin with 0 and end with 1")
        } else if !rises(&self.levels) {
            Some("levels must rise")
        } else if !self.values.iter().all(|value| value.is_finite())
            || !self.values.windows(2).all(|pair| pair[0] <= pair[1])
        {
            Some("values must be numbers that never fall")
        } else {
            None
        }
    }
}

fn levels(records: usize) -> Vec<f64> {
    let steps = (records / KNOT_RECORDS).clamp(1, STEPS_MAX);
    let mut tail = Vec::new();
    let mut level = 0.5 / steps as f64;
    while level * records as f64 >= KNOT_RECORDS as f64 {
        tail.push(level);
        level /= 2.0;
    }
    let mut levels = vec![0.0];
    levels.extend(tail.iter().rev());
    levels.extend((1..steps).map(|step| step as f64 / steps as f64));
    levels.extend(tail.iter().map(|level| 1.0 - level));
    levels.push(1.0);
    levels
}

fn around(sorted: &[f64], level: f64) -> f64 {
    let width = KNOT_RECORDS.min(sorted.len());
    let centre = level * (sorted.len() - 1) as f64;
    let first = (centre - (width as f64 - 1.0) / 2.0 + 0.5).max(0.0) as usize;
    let first = first.min(sorted.len() - width);
    let records = &sorted[first..first + width];
    // Equal records give exactly their value: a sum might not.
    if records[0] == records[width - 1] {
        return records[0];
    }
    records.iter().sum::<f64>() / width as f64
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_lie_on_the_line_that_the_sample_is() {
        let sample: Vec<f64> = (0..10_000).map(f64::from).collect();
        let knots = Knots::of(&sample);
        for probability in [0.0, 0.001, 0.1, 0.5, 0.777, 0.999, 1.0] {
            let expected = probability * 9_999.0;
            assert!(
                (knots.at(probability) - expected).abs() < 6.0,
                "{probability}: {}",
                knots.at(probability)
            );
        }
        assert_eq!(knots.fault(), None);
    }

    #[test]
    fn no_knot_is_the_extreme_record() {
        let sample: Vec<f64> = (0..50).map(f64::from).chain([1e9]).collect();
        let knots = Knots::of(&sample);
        assert!(knots.last() < 0.3e9 && knots.at(0.0) > 0.0);
    }

    #[test]
    fn a_price_that_many_records_share_is_kept() {
        let mut sample = vec![14.96; 400];
        sample.extend((0..600).map(|record| 15.0 + f64::from(record) / 7.0));
        assert_eq!(Knots::of(&sample).at(0.2), 14.96);
    }

    #[test]
    fn stated_knots_that_fall_or_do_not_fit_are_told() {
        let knots = |levels: &[f64], values: &[f64]| Knots {
            levels: levels.to_vec(),
            values: values.to_vec(),
        };
        assert_eq!(knots(&[0.0, 1.0], &[1.0, 2.0]).fault(), None);
        assert!(knots(&[0.0, 1.0], &[2.0, 1.0]).fault().is_some());
        assert!(knots(&[0.1, 1.0], &[1.0, 2.0]).fault().is_some());
        assert!(knots(&[], &[]).fault().is_some());
        assert!(knots(&[0.0, 0.0, 1.0], &[1.0, 1.0, 2.0]).fault().is_some());
    }
}
