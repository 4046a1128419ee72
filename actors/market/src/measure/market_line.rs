//! Sensitivity to a benchmark, and what is earned beyond it.

use super::{
    returns::{mean, spread},
    undefined::{Figure, Undefined, finite},
};

/// Beta `cov(r, b) / var(b)`, sample moments (W. F. Sharpe, *Journal of Finance* 19(3), 1964).
pub fn beta(returns: &[f64], benchmark: &[f64]) -> Figure {
    let spread = spread(benchmark).map_err(|cause| match cause {
        Undefined::FlatReturns => Undefined::FlatBenchmark,
        other => other,
    })?;
    let (centre, benchmark_centre) = (mean(returns), mean(benchmark));
    let products: f64 = returns
        .iter()
        .zip(benchmark)
        .map(|(r, b)| (r - centre) * (b - benchmark_centre))
        .sum();
    finite(products / (returns.len() - 1) as f64 / (spread * spread))
}

/// Alpha `(mean(r - rf) - beta * mean(b - rf)) * periods_per_year`, arithmetic, where `rf = risk_free /
/// periods_per_year` (M. C. Jensen, *Journal of Finance* 23(2), 1968).
pub fn alpha(returns: &[f64], benchmark: &[f64], risk_free: f64, periods_per_year: f64) -> Figure {
    let beta = beta(returns, benchmark)?;
    let target = risk_free / periods_per_year;
    finite(((mean(returns) - target) - beta * (mean(benchmark) - target)) * periods_per_year)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BENCHMARK: [f64; 4] = [0.01, -0.02, 0.03, 0.0];

    #[test]
    fn a_leveraged_benchmark_has_its_leverage_as_beta_and_the_rest_as_alpha() {
        let returns = BENCHMARK.map(|b| 2.0 * b + 0.001);
        assert!((beta(&returns, &BENCHMARK).unwrap() - 2.0).abs() < 1e-12);
        assert!((alpha(&returns, &BENCHMARK, 0.0, 12.0).unwrap() - 0.012).abs() < 1e-12);
        // With rf: (mean(r) - rf) - 2 (mean(b) - rf) = 0.001 + rf.
        assert!((alpha(&returns, &BENCHMARK, 0.12, 12.0).unwrap() - 0.132).abs() < 1e-12);
    }

    #[test]
    fn a_flat_benchmark_gives_no_beta() {
        assert_eq!(beta(&BENCHMARK, &[0.01; 4]), Err(Undefined::FlatBenchmark));
    }
}
