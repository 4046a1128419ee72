//! Section `market`: the provider of prices that are not imported.

use std::{num::NonZeroUsize, time::Duration};

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};
use crate::prices::UrlTemplate;

/// Longest wait for an answer: below the time that the fetching role has for an attempt.
const TIMEOUT_MAX: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MarketConfig {
    /// Empty for none.
    pub price_url: String,
    #[serde(with = "duration")]
    pub price_timeout: Duration,
    /// Largest answer.
    pub price_bytes_max: NonZeroUsize,
    /// How long an answer is used again; nothing for never.
    #[serde(with = "duration")]
    pub price_cache_ttl: Duration,
    /// Room for answers that are used again.
    pub price_cache_bytes_max: usize,
}

impl Default for MarketConfig {
    fn default() -> Self {
        Self {
            price_url: String::new(),
            price_timeout: Duration::from_secs(10),
            price_bytes_max: NonZeroUsize::new(16 * 1024 * 1024).expect("not zero"),
            price_cache_ttl: Duration::from_secs(15 * 60),
            price_cache_bytes_max: 64 * 1024 * 1024,
        }
    }
}

impl MarketConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if !self.price_url.is_empty()
            && let Err(error) = UrlTemplate::parse(&self.price_url)
        {
            findings.push(Finding::new(["market", "price_url"], error.to_string()));
        }
        if self.price_timeout.is_zero() || self.price_timeout > TIMEOUT_MAX {
            let message = format!(
                "must be more than 0 s and at most {} s",
                TIMEOUT_MAX.as_secs()
            );
            findings.push(Finding::new(["market", "price_timeout"], message));
        }
    }
}
