//! Which claimed fact stands for which figure of a report.

use callboard_orchestra::FactId;
use serde::{Deserialize, Serialize};

/// Top-level keys of a report that hold figures.
pub const ASSETS: &str = "assets";
pub const CORRELATION: &str = "correlation";

/// What an executor answers: its claims, by the places of a report they are meant for.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Ledger {
    pub entries: Vec<Entry>,
}

/// One figure: its place and the fact that gives its value.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Entry {
    pub figure: Figure,
    pub fact: FactId,
    /// Why the figure has no value.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<String>,
}

/// A place in a report: `assets`, ticker and key, or `correlation` and two tickers.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Figure(pub String, pub String, pub String);

impl Figure {
    pub fn asset(ticker: &str, key: &str) -> Self {
        Self(ASSETS.to_owned(), ticker.to_owned(), key.to_owned())
    }

    pub fn correlation(a: &str, b: &str) -> Self {
        Self(CORRELATION.to_owned(), a.to_owned(), b.to_owned())
    }
}
