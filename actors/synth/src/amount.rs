//! Amounts of one category: a log-normal distribution, cut at one unit and at a ceiling, with the mean the locale states.

use crate::normal;

/// Equally likely cells; the last one is divided once more, since the tail carries much of the mean.
const CELLS: usize = 1 << CELL_BITS;
const CELL_BITS: u32 = 10;
/// Hundredths in a unit.
const MINOR: f64 = 100.0;
/// Steps that halve the interval of the location; 60 exhaust a double.
const STEPS: usize = 60;

/// The quantiles of a category's amounts, in minor units.
#[derive(Debug, Clone)]
pub struct Amounts {
    body: Vec<f64>,
    tail: Vec<f64>,
}

impl Amounts {
    /// `mean` in units; `spread` is the standard deviation of the logarithm, `ceiling` the largest amount over the mean.
    pub fn new(mean: f64, spread: f64, ceiling: f64) -> Self {
        let (low, high) = (1.0, mean * ceiling);
        let location = locate(mean, spread, low, high);
        let bound = |amount: f64| normal::cdf((libm::log(amount) - location) / spread);
        let (below, above) = (bound(low), bound(high));
        let at = |share: f64| match share {
            0.0 => low,
            1.0 => high,
            _ => {
                let z = normal::quantile(below + (above - below) * share);
                libm::exp(location + spread * z).clamp(low, high)
            }
        };
        let knots = |first: f64, width: f64| -> Vec<f64> {
            (0..=CELLS)
                .map(|knot| MINOR * at(first + width * (knot as f64 / CELLS as f64)))
                .collect()
        };
        let last = 1.0 / CELLS as f64;
        let mut amounts = Self {
            body: knots(0.0, 1.0),
            tail: knots(1.0 - last, last),
        };
        let excess = amounts.mean() / (mean * MINOR);
        for knot in amounts.body.iter_mut().chain(&mut amounts.tail) {
            *knot /= excess;
        }
        amounts
    }

    /// The mean of what [`Self::at`] gives over all points.
    pub fn mean(&self) -> f64 {
        let trapezoids =
            |knots: &[f64]| -> f64 { knots.windows(2).map(|pair| (pair[0] + pair[1]) / 2.0).sum() };
        let cells = CELLS as f64;
        (trapezoids(&self.body[..CELLS]) + trapezoids(&self.tail) / cells) / cells
    }

    /// The amount at a point of the unit interval scaled to 2^32.
    #[inline]
    pub fn at(&self, point: u32) -> f64 {
        const REST_BITS: u32 = u32::BITS - CELL_BITS;
        const TAIL_BITS: u32 = REST_BITS - CELL_BITS;
        let cell = (point >> REST_BITS) as usize;
        let rest = point & ((1 << REST_BITS) - 1);
        let (pair, share) = if cell < CELLS - 1 {
            let share = f64::from(rest) * (1.0 / (1_u32 << REST_BITS) as f64);
            (&self.body[cell..cell + 2], share)
        } else {
            let cell = (rest >> TAIL_BITS) as usize;
            let rest = rest & ((1 << TAIL_BITS) - 1);
            let share = f64::from(rest) * (1.0 / (1_u32 << TAIL_BITS) as f64);
            (&self.tail[cell..cell + 2], share)
        };
        pair[0] + (pair[1] - pair[0]) * share
    }
}

/// The location of the log-normal distribution that has `mean` between `low` and `high`.
fn locate(mean: f64, spread: f64, low: f64, high: f64) -> f64 {
    let (log_low, log_high) = (libm::log(low), libm::log(high));
    let cut_mean = |location: f64| {
        let (a, b) = (
            (log_low - location) / spread,
            (log_high - location) / spread,
        );
        let whole = libm::exp(location + spread * spread / 2.0);
        whole * (normal::cdf(b - spread) - normal::cdf(a - spread))
            / (normal::cdf(b) - normal::cdf(a))
    };
    let (mut least, mut most) = (log_low - spread, log_high);
    for _ in 0..STEPS {
        let middle = (least + most) / 2.0;
        if cut_mean(middle) < mean {
            least = middle;
        } else {
            most = middle;
        }
    }
    (least + most) / 2.0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_mean_is_the_stated_one_and_the_ends_are_kept() {
        for (mean, spread, ceiling) in
            [(463.94, 1.25, 60.0), (1298.2, 0.8, 6.0), (24.1, 0.85, 16.0)]
        {
            let amounts = Amounts::new(mean, spread, ceiling);
            let steps = 1_u32 << 20;
            let sum: f64 = (0..steps)
                .map(|step| amounts.at((step << 12) + (1 << 11)))
                .sum();
            let drawn = sum / f64::from(steps) / MINOR;
            assert!((drawn / mean - 1.0).abs() < 1e-5, "{drawn} is not {mean}");
            assert!(amounts.at(0) > 90.0);
            assert!(amounts.at(u32::MAX) < 1.01 * MINOR * mean * ceiling);
        }
    }

    #[test]
    fn larger_points_have_larger_amounts() {
        let amounts = Amounts::new(463.94, 1.25, 60.0);
        let drawn: Vec<f64> = (0..=u32::MAX)
            .step_by(99_991)
            .map(|point| amounts.at(point))
            .collect();
        assert!(drawn.is_sorted());
    }
}
