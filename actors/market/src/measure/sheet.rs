//! Every figure of one ticker.

use chrono::NaiveDate;

use super::{
    alpha, beta, cagr, conditional_value_at_risk, excess_kurtosis, max_drawdown, sharpe,
    simple_returns, skew, sortino, total_return,
    undefined::{Figure, Undefined},
    value_at_risk, value_at_risk_normal, volatility,
};
use crate::metric::Metric;

/// What the figures of one ticker are computed from.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    pub dates: &'a [NaiveDate],
    pub closes: &'a [f64],
    /// Closes of the benchmark on the same dates.
    pub benchmark: Option<&'a [f64]>,
    /// Yearly rate as a fraction.
    pub risk_free: f64,
    pub periods_per_year: f64,
}

/// The figures of one ticker over one window.
#[derive(Debug, Clone, PartialEq)]
pub struct Sheet {
    /// Number of returns.
    pub periods: usize,
    pub first_date: NaiveDate,
    pub last_date: NaiveDate,
    /// One entry a metric, in the order of `Metric::ALL`.
    pub figures: Vec<(Metric, Figure)>,
    /// Dates of the peak and the trough of the max drawdown; none when the closes never fell.
    pub drawdown: Option<(NaiveDate, NaiveDate)>,
}

impl Sheet {
    /// Computes all figures. `None` for fewer than two closes.
    pub fn of(basis: Basis<'_>) -> Option<Self> {
        let Basis {
            dates,
            closes,
            risk_free,
            periods_per_year,
            ..
        } = basis;
        let returns = simple_returns(closes);
        let market = basis.benchmark.map(simple_returns);
        let against = |formula: &dyn Fn(&[f64]) -> Figure| {
            market
                .as_deref()
                .map_or(Err(Undefined::NoBenchmark), formula)
        };
        let fall = max_drawdown(closes);
        let figure = |metric| match metric {
            Metric::TotalReturn => total_return(closes),
            Metric::Cagr => cagr(closes, periods_per_year),
            Metric::Volatility => volatility(&returns, periods_per_year),
            Metric::Sharpe => sharpe(&returns, risk_free, periods_per_year),
            Metric::Sortino => sortino(&returns, risk_free, periods_per_year),
            Metric::MaxDrawdown => fall.map(|fall| fall.depth),
            Metric::Var95 => value_at_risk(&returns),
            Metric::Cvar95 => conditional_value_at_risk(&returns),
            Metric::Var95Normal => value_at_risk_normal(&returns),
            Metric::Skew => skew(&returns),
            Metric::ExcessKurtosis => excess_kurtosis(&returns),
            Metric::Beta => against(&|market| beta(&returns, market)),
            Metric::Alpha => {
                against(&|market| alpha(&returns, market, risk_free, periods_per_year))
            }
        };
        let span = fall.ok().and_then(|fall| fall.span);
        (closes.len() > 1).then(|| Self {
            periods: returns.len(),
            first_date: dates[0],
            last_date: dates[dates.len() - 1],
            figures: Metric::ALL
                .into_iter()
                .map(|metric| (metric, figure(metric)))
                .collect(),
            drawdown: span.map(|(peak, trough)| (dates[peak], dates[trough])),
        })
    }

    pub fn figure(&self, metric: Metric) -> Figure {
        let found = self.figures.iter().find(|(known, _)| *known == metric);
        found.expect("a sheet has every metric").1
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sheet_has_every_metric_and_none_of_the_market_without_a_benchmark() {
        let start = NaiveDate::from_ymd_opt(2015, 1, 2).unwrap();
        let dates: Vec<NaiveDate> = start.iter_days().take(6).collect();
        let closes = [10.0, 11.0, 10.5, 12.0, 9.0, 9.5];
        let basis = Basis {
            dates: &dates,
            closes: &closes,
            benchmark: None,
            risk_free: 0.0,
            periods_per_year: 252.0,
        };
        let sheet = Sheet::of(basis).unwrap();
        assert_eq!(sheet.periods, 5);
        assert_eq!(sheet.drawdown, Some((dates[3], dates[4])));
        for (metric, figure) in &sheet.figures {
            assert_eq!(figure.is_err(), metric.needs_benchmark(), "{metric}");
        }
        assert_eq!(sheet.figure(Metric::Beta), Err(Undefined::NoBenchmark));
        assert!(
            Sheet::of(Basis {
                dates: &dates[..1],
                closes: &closes[..1],
                ..basis
            })
            .is_none()
        );
    }
}
