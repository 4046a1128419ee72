//! Tail losses by ranks instead of a sort.

use statrs::distribution::{ContinuousCDF, Normal};

/// The tail's probability as a fraction of integers, 1 / 20, so that ranks are exact.
const TAIL_PARTS: usize = 20;

/// The 5% quantile by selection: the order statistics around rank `(n - 1) / 20`, weighted by the remainder.
pub fn value_at_risk(returns: &[f64]) -> f64 {
    let mut values = returns.to_vec();
    let (below, remainder) = (
        (values.len() - 1) / TAIL_PARTS,
        (values.len() - 1) % TAIL_PARTS,
    );
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    if low == high {
        // Weighting equal values could round away from them, and so out of the tail.
        return low;
    }
    let weight = remainder as f64 / TAIL_PARTS as f64;
    low * (1.0 - weight) + high * weight
}

/// Mean of the tail as `limit` less the mean shortfall below it.
pub fn conditional_value_at_risk(returns: &[f64], limit: f64) -> f64 {
    let (count, shortfall) = returns
        .iter()
        .filter(|r| **r <= limit)
        .fold((0.0, 0.0), |(count, shortfall), r| {
            (count + 1.0, shortfall + (limit - r))
        });
    limit - shortfall / count
}

/// The 5% quantile of the normal distribution with this mean and deviation.
pub fn value_at_risk_normal(mean: f64, deviation: f64) -> f64 {
    let standard = Normal::standard();
    mean - deviation * standard.inverse_cdf(1.0 - 1.0 / TAIL_PARTS as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_interpolate_between_neighbours() {
        let returns: Vec<f64> = (0..11).rev().map(f64::from).collect();
        assert_eq!(value_at_risk(&returns), 0.5);
        assert_eq!(value_at_risk(&[7.0]), 7.0);
    }

    #[test]
    fn the_normal_point_is_1_645_deviations_below_the_mean() {
        assert!((value_at_risk_normal(0.0, 1.0) + 1.644_853_626_951_472_7).abs() < 1e-11);
    }
}
