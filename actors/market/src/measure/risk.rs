//! Risk and return per unit of risk.

use super::{
    returns::{mean, sample_deviation, spread},
    undefined::{Figure, Undefined, finite},
};

/// Annualised volatility: sample standard deviation of returns times `sqrt(periods_per_year)`.
pub fn volatility(returns: &[f64], periods_per_year: f64) -> Figure {
    finite(sample_deviation(returns)? * periods_per_year.sqrt())
}

/// Sharpe ratio `mean(r - rf) / std(r) * sqrt(periods_per_year)`, where `rf = risk_free / periods_per_year` (W. F. Sharpe,
/// "The Sharpe Ratio", *Journal of Portfolio Management* 21(1), 1994).
pub fn sharpe(returns: &[f64], risk_free: f64, periods_per_year: f64) -> Figure {
    let spread = spread(returns)?;
    finite((mean(returns) - risk_free / periods_per_year) / spread * periods_per_year.sqrt())
}

/// Sortino ratio `mean(r - rf) / sqrt(mean(min(r - rf, 0)^2)) * sqrt(periods_per_year)`; the downside is averaged over
/// all returns, not the negative ones alone (F. A. Sortino and L. N. Price, *Journal of Investing* 3(3), 1994).
pub fn sortino(returns: &[f64], risk_free: f64, periods_per_year: f64) -> Figure {
    if returns.is_empty() {
        return Err(Undefined::TooFewReturns(1));
    }
    let target = risk_free / periods_per_year;
    let excess: Vec<f64> = returns.iter().map(|r| r - target).collect();
    let squares: Vec<f64> = excess.iter().map(|e| e.min(0.0).powi(2)).collect();
    let downside = mean(&squares).sqrt();
    if downside <= super::returns::FLAT_DEVIATION_MAX {
        return Err(Undefined::NoShortfall);
    }
    finite(mean(&excess) / downside * periods_per_year.sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    const RETURNS: [f64; 4] = [0.02, -0.01, 0.03, -0.02];

    #[test]
    fn the_ratios_match_figures_worked_by_hand() {
        // mean 0.005, sample variance 0.0017 / 3, downside sqrt(0.0005 / 4).
        assert!((volatility(&RETURNS, 12.0).unwrap() - (0.0068f64).sqrt()).abs() < 1e-15);
        assert!(
            (sharpe(&RETURNS, 0.0, 12.0).unwrap()
                - 0.005 / (0.0017f64 / 3.0).sqrt() * 12f64.sqrt())
            .abs()
                < 1e-12
        );
        assert!(
            (sortino(&RETURNS, 0.0, 12.0).unwrap() - 0.005 / 0.000125f64.sqrt() * 12f64.sqrt())
                .abs()
                < 1e-12
        );
    }

    #[test]
    fn the_risk_free_rate_is_divided_by_the_periods_of_a_year() {
        let at_mean = sharpe(&RETURNS, 0.06, 12.0).unwrap();
        assert!(
            at_mean.abs() < 1e-12,
            "a yearly 6% is the monthly mean of 0.5%: {at_mean}"
        );
    }

    #[test]
    fn returns_without_spread_or_shortfall_have_no_ratio() {
        assert_eq!(sharpe(&[0.01; 9], 0.0, 12.0), Err(Undefined::FlatReturns));
        assert_eq!(
            sortino(&[0.01, 0.02], 0.0, 12.0),
            Err(Undefined::NoShortfall)
        );
        assert_eq!(volatility(&[0.01], 12.0), Err(Undefined::TooFewReturns(2)));
    }
}
