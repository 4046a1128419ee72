//! Losses in the tail, as negative returns of one period.

use super::{
    returns::{mean, sample_deviation},
    undefined::{Figure, Undefined, finite},
};

/// Probability of the tail: 5%.
const TAIL: f64 = 0.05;
/// The 5% point of the standard normal distribution.
const NORMAL_POINT: f64 = -1.644_853_626_951_472_7;

/// Historical value at risk: the 5% quantile of returns, linear between order statistics at `(n - 1) * 0.05`
/// (R. J. Hyndman and Y. Fan, *The American Statistician* 50(4), 1996, type 7).
pub fn value_at_risk(returns: &[f64]) -> Figure {
    let mut sorted = returns.to_vec();
    sorted.sort_by(f64::total_cmp);
    let last = sorted
        .len()
        .checked_sub(1)
        .ok_or(Undefined::TooFewReturns(1))?;
    let rank = last as f64 * TAIL;
    let below = rank.floor() as usize;
    let (low, high) = (sorted[below], sorted[(below + 1).min(last)]);
    Ok(low + (high - low) * (rank - below as f64))
}

/// Conditional value at risk (expected shortfall): mean of the returns at or below the historical VaR (R. T. Rockafellar
/// and S. Uryasev, *Journal of Risk* 2(3), 2000, on the empirical distribution).
pub fn conditional_value_at_risk(returns: &[f64]) -> Figure {
    let limit = value_at_risk(returns)?;
    let tail: Vec<f64> = returns.iter().copied().filter(|r| *r <= limit).collect();
    finite(mean(&tail))
}

/// Value at risk of normal returns: `mean + z * std`, `z` the 5% point of the standard normal (J.P. Morgan,
/// *RiskMetrics Technical Document*, 1996, without its zero-mean assumption).
pub fn value_at_risk_normal(returns: &[f64]) -> Figure {
    finite(mean(returns) + NORMAL_POINT * sample_deviation(returns)?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_quantile_lies_between_order_statistics() {
        let returns: Vec<f64> = (0..11).rev().map(f64::from).collect();
        assert_eq!(value_at_risk(&returns), Ok(0.5));
        let returns: Vec<f64> = (0..21).map(f64::from).collect();
        assert_eq!(value_at_risk(&returns), Ok(1.0));
        assert_eq!(value_at_risk(&[]), Err(Undefined::TooFewReturns(1)));
    }

    #[test]
    fn the_shortfall_averages_what_is_at_or_below_the_value_at_risk() {
        let returns: Vec<f64> = (0..21).map(f64::from).collect();
        assert_eq!(conditional_value_at_risk(&returns), Ok(0.5));
    }

    #[test]
    fn the_normal_value_at_risk_is_the_mean_less_1_645_deviations() {
        let returns = [-1.0, 1.0];
        let expected = -1.644_853_626_951_472_7 * 2.0f64.sqrt();
        assert_eq!(value_at_risk_normal(&returns), Ok(expected));
    }
}
