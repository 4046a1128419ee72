//! Simple returns and their first two moments.

use super::undefined::Undefined;

/// Returns whose standard deviation is below this do not vary: what is left is the rounding of doubles.
pub const FLAT_DEVIATION_MAX: f64 = 1e-12;

/// Simple returns `P_t / P_(t-1) - 1`, one fewer than closes.
pub fn simple_returns(closes: &[f64]) -> Vec<f64> {
    closes
        .windows(2)
        .map(|pair| pair[1] / pair[0] - 1.0)
        .collect()
}

/// Arithmetic mean; NaN for no values.
pub fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Sample standard deviation `sqrt(sum (x - mean)^2 / (n - 1))`, in two passes; needs two values.
pub fn sample_deviation(values: &[f64]) -> Result<f64, Undefined> {
    if values.len() < 2 {
        return Err(Undefined::TooFewReturns(2));
    }
    let centre = mean(values);
    let squares: f64 = values.iter().map(|value| (value - centre).powi(2)).sum();
    Ok((squares / (values.len() - 1) as f64).sqrt())
}

/// The sample standard deviation of returns that vary.
pub(super) fn spread(values: &[f64]) -> Result<f64, Undefined> {
    let deviation = sample_deviation(values)?;
    if deviation > FLAT_DEVIATION_MAX {
        Ok(deviation)
    } else {
        Err(Undefined::FlatReturns)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn simple_returns_are_relative_changes() {
        assert_eq!(simple_returns(&[100.0, 150.0, 75.0]), [0.5, -0.5]);
        assert!(simple_returns(&[100.0]).is_empty());
    }

    #[test]
    fn the_sample_deviation_divides_by_n_less_one() {
        assert_eq!(sample_deviation(&[1.0, 3.0]), Ok(2.0f64.sqrt()));
        assert_eq!(sample_deviation(&[1.0]), Err(Undefined::TooFewReturns(2)));
    }

    #[test]
    fn constant_growth_has_no_spread() {
        let closes: Vec<f64> = (0..60).map(|n| 100.0 * 1.01f64.powi(n)).collect();
        assert_eq!(
            spread(&simple_returns(&closes)),
            Err(Undefined::FlatReturns)
        );
    }
}
