//! A request for a comparison: as it comes in, and as it is once every part of it is known to make sense.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{frequency::Frequency, metric::Metric, query::QUERY_BYTES_MAX};

/// Most tickers in one comparison.
pub const TICKERS_MAX: usize = 20;
/// Largest yearly risk-free rate, either way.
pub const RISK_FREE_MAX: f64 = 1.0;

/// Either `query`, or `tickers`; the other fields add to either, unless the query states them too.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(example = serde_json::json!({"query": "Compare Sharpe ratios of AAPL, MSFT and GOOG from 2005 to 2009"}))]
#[schemars(example = serde_json::json!({"tickers": ["AAPL", "IBM"], "metrics": ["max_drawdown"], "from": "2005-01-01", "to": "2009-12-31", "risk_free": 0.02}))]
pub struct ComparisonInput {
    /// A request in plain English.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(max = QUERY_BYTES_MAX))]
    pub query: Option<String>,
    /// The tickers to compare, as the price data names them; one named again counts once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(length(min = 1, max = TICKERS_MAX))]
    pub tickers: Option<Vec<String>>,
    /// The metrics asked for; none means all.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metrics: Option<Vec<Metric>>,
    /// First day, month or year: `2005-01-31`, `2005-01`, `2005`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Last day, month or year, included whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// Yearly risk-free rate as a fraction: 0.02 is 2%.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(range(min = -RISK_FREE_MAX, max = RISK_FREE_MAX))]
    pub risk_free: Option<f64>,
    /// The ticker against which beta and alpha are measured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
    /// The spacing that the prices must have; prices of another one are refused.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
}

/// A request whose every part is known to make sense. Its JSON is itself a valid input.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Comparison {
    pub tickers: Vec<String>,
    /// The metrics asked for; empty for all.
    pub metrics: Vec<Metric>,
    /// First day of the window; `None` only while prices are not at hand, and then that of the common dates.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
    /// What the spacing of the prices must be, while they are not at hand.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub frequency: Option<Frequency>,
    /// Yearly rate as a fraction.
    pub risk_free: f64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub benchmark: Option<String>,
}

impl Comparison {
    /// The metrics to rank: those asked for, or all.
    pub fn ranked(&self) -> &[Metric] {
        if self.metrics.is_empty() {
            &Metric::ALL
        } else {
            &self.metrics
        }
    }

    /// First and last day of the window, as far as it is bounded.
    pub fn window(&self) -> (NaiveDate, NaiveDate) {
        (
            self.from.unwrap_or(NaiveDate::MIN),
            self.to.unwrap_or(NaiveDate::MAX),
        )
    }

    /// Every ticker of the alignment: those compared, and the benchmark if it is not one of them.
    pub fn aligned(&self) -> Vec<&str> {
        let tickers = self.tickers.iter().map(String::as_str);
        let benchmark = self
            .benchmark
            .as_deref()
            .filter(|benchmark| !self.tickers.iter().any(|ticker| ticker == benchmark));
        tickers.chain(benchmark).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_fields_and_metrics_are_errors() {
        let read = |json| {
            serde_json::from_value::<ComparisonInput>(json)
                .unwrap_err()
                .to_string()
        };
        assert!(
            read(serde_json::json!({"ticker": ["AAPL"]}))
                .contains("unknown field `ticker`, expected one of `query`, `tickers`")
        );
        assert!(read(serde_json::json!({"metrics": ["sharp"]})).contains("did you mean `sharpe`?"));
    }

    #[test]
    fn the_schema_states_its_bounds() {
        let schema = schemars::schema_for!(ComparisonInput).to_value();
        assert_eq!(schema["properties"]["tickers"]["maxItems"], TICKERS_MAX);
        assert_eq!(schema["properties"]["query"]["maxLength"], QUERY_BYTES_MAX);
        assert_eq!(schema["properties"]["risk_free"]["maximum"], RISK_FREE_MAX);
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["examples"].as_array().map(Vec::len), Some(2));
    }
}
