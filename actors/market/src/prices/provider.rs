//! The port to a provider of prices outside the process. The pack knows what it asks for, not how it is fetched.

use std::{future::Future, pin::Pin, sync::Arc, time::Duration};

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Longest ticker that a provider is asked for, in bytes.
const TICKER_BYTES_MAX: usize = 20;

/// The prices of one ticker, in a window that may be open at either end.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PriceRequest {
    pub ticker: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<NaiveDate>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<NaiveDate>,
}

/// What a provider answers: prices as CSV in any layout that a price file may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceText {
    pub csv: Arc<[u8]>,
    /// Where it came from and its hash, for facts.
    pub source: String,
}

#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ProviderError {
    /// Asking again may help, best `after` so long.
    #[error("{cause}")]
    Unavailable {
        cause: String,
        after: Option<Duration>,
    },
    /// Asking again is of no use.
    #[error("{0}")]
    Refused(String),
}

pub type Provided<'a> = Pin<Box<dyn Future<Output = Result<PriceText, ProviderError>> + Send + 'a>>;

/// Fetches prices. Bounds the time and the size of an answer; does not retry.
pub trait PriceProvider: Send + Sync + 'static {
    fn fetch<'a>(&'a self, request: &'a PriceRequest) -> Provided<'a>;
}

/// Whether a provider may be asked for `text`: letters and digits with `.`, `-`, `^`, `=` and `_` among them.
pub fn is_ticker(text: &str) -> bool {
    let allowed = |c: char| c.is_ascii_alphanumeric() || ".-^=_".contains(c);
    text.len() <= TICKER_BYTES_MAX
        && text.chars().all(allowed)
        && text.chars().any(|c| c.is_ascii_alphanumeric())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_ticker_for_a_provider_cannot_be_a_path() {
        for text in ["AAPL", "BRK.B", "^GSPC", "EURUSD=X", "0700.HK", "BTC-USD"] {
            assert!(is_ticker(text), "{text}");
        }
        for text in ["", "..", "a/b", "A B", "A?x", "A%2e", &"A".repeat(21)] {
            assert!(!is_ticker(text), "{text}");
        }
    }
}
