//! What the figures of a report mean, stated in the report itself.

use serde::{Deserialize, Serialize};

use crate::{frequency::Frequency, study::Study};

/// The conventions of one report.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conventions {
    pub prices: String,
    pub alignment: String,
    pub frequency: Frequency,
    pub periods_per_year: f64,
    pub returns: String,
    /// Yearly rate as a fraction.
    pub risk_free: f64,
    pub benchmark: Option<String>,
    pub total_return: String,
    pub cagr: String,
    pub volatility: String,
    pub sharpe: String,
    pub sortino: String,
    pub max_drawdown: String,
    pub var_95: String,
    pub cvar_95: String,
    pub var_95_normal: String,
    pub skew: String,
    pub excess_kurtosis: String,
    pub beta: String,
    pub alpha: String,
    pub correlation: String,
    pub ranking: String,
}

impl Conventions {
    pub fn of(study: &Study) -> Self {
        let comparison = study.comparison();
        let periods = study.frequency().periods_per_year();
        let (first, last) = study.span();
        let slashes = study.slash_order().map_or(String::new(), |order| {
            format!("; dates with slashes read {}", order.words())
        });
        Self {
            prices: format!(
                "{}; adjusted close where the data has one, else close; {} rows with an empty cell dropped{slashes}",
                study.sources(&comparison.aligned()),
                study.rows_dropped()
            ),
            alignment: format!("dates common to {}, {first} to {last}", comparison.aligned().join(", ")),
            frequency: study.frequency(),
            periods_per_year: periods,
            returns: "simple: P_t / P_(t-1) - 1".to_owned(),
            risk_free: comparison.risk_free,
            benchmark: comparison.benchmark.clone(),
            total_return: "P_last / P_first - 1".to_owned(),
            cagr: format!("(1 + total_return)^({periods} / periods) - 1"),
            volatility: format!("sample standard deviation of returns (n - 1), times sqrt({periods})"),
            sharpe: format!("mean(r - risk_free / {periods}) / sample standard deviation, times sqrt({periods})"),
            sortino: format!(
                "mean(r - risk_free / {periods}) / root mean square of shortfalls over all returns, times sqrt({periods})"
            ),
            max_drawdown: "lowest P_t / highest earlier P - 1, negative".to_owned(),
            var_95: "5% quantile of returns, linear interpolation; a negative return of one period".to_owned(),
            cvar_95: "mean of the returns at or below var_95".to_owned(),
            var_95_normal: "mean - 1.645 sample standard deviations".to_owned(),
            skew: "bias-corrected sample skewness".to_owned(),
            excess_kurtosis: "bias-corrected sample excess kurtosis".to_owned(),
            beta: "cov(r, benchmark) / var(benchmark), sample".to_owned(),
            alpha: format!(
                "(mean(r - risk_free / {periods}) - beta * mean(benchmark - risk_free / {periods})) * {periods}, arithmetic"
            ),
            correlation: "Pearson, of returns".to_owned(),
            ranking: "best first: volatility ascending; max_drawdown and the values at risk nearest zero first; the rest descending".to_owned(),
        }
    }
}
