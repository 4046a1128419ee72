//! Growth and drawdown by other paths.

use super::moments::compensated_sum;

/// Total return as the product of `1 + r`, less 1.
pub fn total_return(returns: &[f64]) -> f64 {
    returns.iter().map(|r| 1.0 + r).product::<f64>() - 1.0
}

/// CAGR through logarithms: `exp(mean(ln(1 + r)) * periods_per_year) - 1`.
pub fn cagr(returns: &[f64], periods_per_year: f64) -> f64 {
    let log_growth = compensated_sum(returns.iter().map(|r| r.ln_1p()));
    (log_growth / returns.len() as f64 * periods_per_year).exp_m1()
}

/// The deepest fall to a later close, by a scan from the end that keeps the lowest close ahead: depth, peak, trough.
/// Of equal falls the one with the earliest trough, then the earliest peak.
pub fn deepest_fall(closes: &[f64]) -> (f64, Option<(usize, usize)>) {
    let mut lowest = closes.len() - 1;
    let mut deepest = (0.0, None);
    for at in (0..closes.len()).rev() {
        if closes[at] <= closes[lowest] {
            lowest = at;
        }
        let depth = closes[lowest] / closes[at] - 1.0;
        let earlier =
            matches!(deepest.1, Some((_, trough)) if depth == deepest.0 && lowest <= trough);
        if depth < deepest.0 || earlier {
            deepest = (depth, Some((at, lowest)));
        }
    }
    deepest
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::measure::max_drawdown;

    #[test]
    fn growth_by_product_and_by_logarithm() {
        assert!((total_return(&[1.0, -0.5, 0.5]) - 0.5).abs() < 1e-15);
        assert!((cagr(&[0.1, 0.1], 4.0) - (1.1f64.powi(4) - 1.0)).abs() < 1e-14);
    }

    proptest! {
        #[test]
        fn the_scan_from_the_end_finds_what_the_scan_from_the_start_finds(closes in proptest::collection::vec(1u32..40, 2..60)) {
            let closes: Vec<f64> = closes.into_iter().map(f64::from).collect();
            let forward = max_drawdown(&closes).unwrap();
            prop_assert_eq!(deepest_fall(&closes), (forward.depth, forward.span));
        }
    }
}
