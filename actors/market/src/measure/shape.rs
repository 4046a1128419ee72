//! Asymmetry and weight of the tails of the distribution of returns.

use super::{
    returns::{mean, spread},
    undefined::{Figure, Undefined, finite},
};

/// Bias-corrected skewness `G1 = sqrt(n (n - 1)) / (n - 2) * m3 / m2^1.5`, `mk` the k-th central moment (D. N. Joanes
/// and C. A. Gill, *The Statistician* 47(1), 1998).
pub fn skew(returns: &[f64]) -> Figure {
    let n = at_least(returns, 3)?;
    spread(returns)?;
    let [m2, m3, _] = central_moments(returns);
    finite((n * (n - 1.0)).sqrt() / (n - 2.0) * m3 / m2.powf(1.5))
}

/// Bias-corrected excess kurtosis `G2 = (n - 1) / ((n - 2)(n - 3)) * ((n + 1) (m4 / m2^2 - 3) + 6)` (D. N. Joanes and
/// C. A. Gill, *The Statistician* 47(1), 1998).
pub fn excess_kurtosis(returns: &[f64]) -> Figure {
    let n = at_least(returns, 4)?;
    spread(returns)?;
    let [m2, _, m4] = central_moments(returns);
    finite((n - 1.0) / ((n - 2.0) * (n - 3.0)) * ((n + 1.0) * (m4 / (m2 * m2) - 3.0) + 6.0))
}

fn at_least(returns: &[f64], needed: usize) -> Result<f64, Undefined> {
    if returns.len() < needed {
        Err(Undefined::TooFewReturns(needed))
    } else {
        Ok(returns.len() as f64)
    }
}

/// Second to fourth central moments, divided by n.
fn central_moments(returns: &[f64]) -> [f64; 3] {
    let centre = mean(returns);
    let sums = returns.iter().fold([0.0; 3], |[second, third, fourth], r| {
        let d = r - centre;
        [second + d * d, third + d * d * d, fourth + d * d * d * d]
    });
    sums.map(|sum| sum / returns.len() as f64)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_estimators_match_figures_worked_by_hand() {
        // 1, 2, 3, 10: mean 4, m2 12.5, m3 45, m4 348.5.
        let values = [1.0, 2.0, 3.0, 10.0];
        assert!(
            (skew(&values).unwrap() - 12f64.sqrt() / 2.0 * 45.0 / 12.5f64.powf(1.5)).abs() < 1e-12
        );
        let expected = 3.0 / 2.0 * (5.0 * (348.5 / 156.25 - 3.0) + 6.0);
        assert!((excess_kurtosis(&values).unwrap() - expected).abs() < 1e-12);
    }

    #[test]
    fn few_or_equal_returns_have_no_shape() {
        assert_eq!(skew(&[1.0, 2.0]), Err(Undefined::TooFewReturns(3)));
        assert_eq!(
            excess_kurtosis(&[1.0, 2.0, 3.0]),
            Err(Undefined::TooFewReturns(4))
        );
        assert_eq!(skew(&[0.1; 5]), Err(Undefined::FlatReturns));
    }
}
