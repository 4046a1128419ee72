//! The figures that a comparison computes: their names, units and which value is best.

use std::{borrow::Cow, cmp::Ordering, fmt};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Serialize};

/// A figure of one ticker; the serialised name is its key in results.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", rename_all = "snake_case")]
pub enum Metric {
    TotalReturn,
    Cagr,
    Volatility,
    Sharpe,
    Sortino,
    MaxDrawdown,
    #[serde(rename = "var_95")]
    Var95,
    #[serde(rename = "cvar_95")]
    Cvar95,
    #[serde(rename = "var_95_normal")]
    Var95Normal,
    Skew,
    ExcessKurtosis,
    Beta,
    Alpha,
}

/// Which value of a metric stands first in a ranking.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BestFirst {
    Ascending,
    Descending,
    NearestZero,
}

impl Metric {
    pub const ALL: [Self; 13] = [
        Self::TotalReturn,
        Self::Cagr,
        Self::Volatility,
        Self::Sharpe,
        Self::Sortino,
        Self::MaxDrawdown,
        Self::Var95,
        Self::Cvar95,
        Self::Var95Normal,
        Self::Skew,
        Self::ExcessKurtosis,
        Self::Beta,
        Self::Alpha,
    ];

    /// The name in results and in structured input.
    pub const fn key(self) -> &'static str {
        match self {
            Self::TotalReturn => "total_return",
            Self::Cagr => "cagr",
            Self::Volatility => "volatility",
            Self::Sharpe => "sharpe",
            Self::Sortino => "sortino",
            Self::MaxDrawdown => "max_drawdown",
            Self::Var95 => "var_95",
            Self::Cvar95 => "cvar_95",
            Self::Var95Normal => "var_95_normal",
            Self::Skew => "skew",
            Self::ExcessKurtosis => "excess_kurtosis",
            Self::Beta => "beta",
            Self::Alpha => "alpha",
        }
    }

    /// The name in sentences.
    pub const fn label(self) -> &'static str {
        match self {
            Self::TotalReturn => "total return",
            Self::Cagr => "CAGR",
            Self::Volatility => "volatility",
            Self::Sharpe => "Sharpe ratio",
            Self::Sortino => "Sortino ratio",
            Self::MaxDrawdown => "max drawdown",
            Self::Var95 => "VaR 95",
            Self::Cvar95 => "CVaR 95",
            Self::Var95Normal => "normal VaR 95",
            Self::Skew => "skew",
            Self::ExcessKurtosis => "excess kurtosis",
            Self::Beta => "beta",
            Self::Alpha => "alpha",
        }
    }

    pub const fn unit(self) -> &'static str {
        match self {
            Self::Cagr | Self::Volatility | Self::Alpha => "fraction a year",
            Self::TotalReturn | Self::MaxDrawdown => "fraction",
            Self::Var95 | Self::Cvar95 | Self::Var95Normal => "fraction a period",
            Self::Sharpe | Self::Sortino | Self::Skew | Self::ExcessKurtosis | Self::Beta => {
                "ratio"
            }
        }
    }

    pub const fn best_first(self) -> BestFirst {
        match self {
            Self::Volatility => BestFirst::Ascending,
            Self::MaxDrawdown | Self::Var95 | Self::Cvar95 | Self::Var95Normal => {
                BestFirst::NearestZero
            }
            Self::TotalReturn
            | Self::Cagr
            | Self::Sharpe
            | Self::Sortino
            | Self::Skew
            | Self::ExcessKurtosis
            | Self::Beta
            | Self::Alpha => BestFirst::Descending,
        }
    }

    /// Orders two values of this metric, the better one first.
    pub fn better_first(self, a: f64, b: f64) -> Ordering {
        match self.best_first() {
            BestFirst::Ascending => a.total_cmp(&b),
            BestFirst::Descending => b.total_cmp(&a),
            BestFirst::NearestZero => a.abs().total_cmp(&b.abs()),
        }
    }

    pub const fn needs_benchmark(self) -> bool {
        matches!(self, Self::Beta | Self::Alpha)
    }

    /// A value as a person reads it: `12.3%` or `0.83`.
    pub fn shown(self, value: f64) -> String {
        match self.unit() {
            "ratio" => format!("{value:.2}"),
            _ => format!("{:.1}%", value * 100.0),
        }
    }
}

impl fmt::Display for Metric {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.key())
    }
}

impl JsonSchema for Metric {
    fn schema_name() -> Cow<'static, str> {
        "Metric".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({"type": "string", "enum": Self::ALL.map(Self::key)})
    }
}

/// A metric name that is not known, with the nearest that is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` is not a metric{}; the metrics are {}", suggestion(.text), keys())]
pub struct UnknownMetric {
    text: String,
}

fn keys() -> String {
    Metric::ALL.map(Metric::key).join(", ")
}

fn suggestion(text: &str) -> String {
    /// Similarity from which a key is worth suggesting.
    const SIMILARITY_MIN: f64 = 0.75;
    let lower = text.to_lowercase();
    let scored = Metric::ALL
        .iter()
        .map(|metric| (strsim::jaro_winkler(&lower, metric.key()), metric.key()));
    match scored.max_by(|a, b| a.0.total_cmp(&b.0)) {
        Some((score, key)) if score >= SIMILARITY_MIN => format!(" (did you mean `{key}`?)"),
        _ => String::new(),
    }
}

impl TryFrom<String> for Metric {
    type Error = UnknownMetric;

    /// Reads a key (`max_drawdown`) or any name that a query may use (`worst drawdown`).
    fn try_from(text: String) -> Result<Self, UnknownMetric> {
        let by_key = Self::ALL.into_iter().find(|metric| metric.key() == text);
        by_key
            .or_else(|| crate::query::metric_named(&text))
            .ok_or(UnknownMetric { text })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_metric_reads_back_from_its_key() {
        for metric in Metric::ALL {
            assert_eq!(serde_json::to_value(metric).unwrap(), metric.key());
            assert_eq!(
                serde_json::from_value::<Metric>(metric.key().into()).unwrap(),
                metric
            );
        }
    }

    #[test]
    fn plain_names_of_metrics_are_read_and_unknown_ones_get_a_suggestion() {
        assert_eq!(
            Metric::try_from("Sharpe ratio".to_owned()),
            Ok(Metric::Sharpe)
        );
        let error = Metric::try_from("sharp".to_owned())
            .unwrap_err()
            .to_string();
        assert!(error.starts_with("`sharp` is not a metric (did you mean `sharpe`?); the metrics are total_return, cagr"), "{error}");
        assert!(
            !Metric::try_from("weather".to_owned())
                .unwrap_err()
                .to_string()
                .contains("did you mean")
        );
    }

    #[test]
    fn best_first_is_low_volatility_shallow_drawdown_and_high_return() {
        let ranked = |metric: Metric, mut values: [f64; 3]| {
            values.sort_by(|a, b| metric.better_first(*a, *b));
            values
        };
        assert_eq!(ranked(Metric::Volatility, [0.3, 0.1, 0.2]), [0.1, 0.2, 0.3]);
        assert_eq!(
            ranked(Metric::MaxDrawdown, [-0.3, -0.1, -0.2]),
            [-0.1, -0.2, -0.3]
        );
        assert_eq!(ranked(Metric::Sharpe, [0.3, -0.1, 0.2]), [0.3, 0.2, -0.1]);
    }

    #[test]
    fn the_schema_lists_the_keys() {
        let schema = schemars::schema_for!(Metric).to_value().to_string();
        for metric in Metric::ALL {
            assert!(
                schema.contains(&format!("\"{}\"", metric.key())),
                "{schema}"
            );
        }
    }
}
