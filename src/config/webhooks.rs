//! Section `webhooks`: how long deliveries are tried.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{duration, error::Finding};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhooksConfig {
    /// Time before the second attempt; each further one waits twice as long, up to an hour.
    #[serde(with = "duration")]
    pub first_retry: Duration,
    /// Time after which a delivery has failed.
    #[serde(with = "duration")]
    pub retry_for: Duration,
    /// Time without one success after which an endpoint is disabled.
    #[serde(with = "duration")]
    pub disable_after: Duration,
}

impl Default for WebhooksConfig {
    fn default() -> Self {
        Self {
            first_retry: Duration::from_secs(5),
            retry_for: Duration::from_secs(24 * 3_600),
            disable_after: Duration::from_secs(3 * 24 * 3_600),
        }
    }
}

impl WebhooksConfig {
    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        if self.first_retry.is_zero() {
            let message = "must be longer than nothing";
            findings.push(Finding::new(["webhooks", "first_retry"], message));
        }
    }
}
