//! A distribution as knots of its quantile function.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

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
    /// Through points of a rising level between 0 and 1, at least one; the first and the last hold on to the ends.
    pub fn through(points: &[(f64, f64)]) -> Self {
        let ends = [(0.0, points[0].1), (1.0, points[points.len() - 1].1)];
        let mut knots: Vec<(f64, f64)> = vec![ends[0]];
        for (level, value) in points.iter().chain(&ends[1..]) {
            // Rounding of means must not let the function fall.
            let value = value.max(knots[knots.len() - 1].1);
            match knots.as_mut_slice() {
                // The middle of three equal values says nothing.
                [.., (_, first), last] if *first == value && last.1 == value => last.0 = *level,
                _ => knots.push((*level, value)),
            }
        }
        knots.dedup_by(|next, last| next.0 <= last.0);
        let (levels, values) = knots.into_iter().unzip();
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

    #[cfg(test)]
    pub fn values(&self) -> &[f64] {
        &self.values
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn points_between_the_ends_are_led_on_to_them() {
        let knots = Knots::through(&[(0.2, 1.0), (0.4, 1.0), (0.7, 3.0)]);
        assert_eq!(knots.levels, [0.0, 0.4, 0.7, 1.0]);
        assert_eq!(knots.values, [1.0, 1.0, 3.0, 3.0]);
        let one = Knots::through(&[(0.5, 2.0)]);
        assert_eq!((one.fault(), one.at(0.3), one.last()), (None, 2.0, 2.0));
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
