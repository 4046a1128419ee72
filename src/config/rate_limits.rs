//! Section `rate_limits`: how often one caller may ask.

use serde::{Deserialize, Serialize};

/// Zero is no limit.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RateLimitsConfig {
    /// Of one address, without a key.
    pub anonymous_per_minute: u32,
    /// Of one key of the tier `standard`.
    pub standard_per_minute: u32,
    /// Of one key of the tier `elevated`.
    pub elevated_per_minute: u32,
    /// Attempts of one address to log in.
    pub logins_per_minute: u32,
    /// Limits this machine's own requests without a key as well.
    pub limit_loopback: bool,
}

impl Default for RateLimitsConfig {
    fn default() -> Self {
        Self {
            anonymous_per_minute: 6_000,
            standard_per_minute: 60_000,
            elevated_per_minute: 600_000,
            logins_per_minute: 30,
            limit_loopback: false,
        }
    }
}
