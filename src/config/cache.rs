//! Section `cache`: answers that are kept, here and by others.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::duration;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CacheConfig {
    /// Room for all answers; 0 for none.
    pub bytes_max: u64,
    /// Largest answer that is kept.
    pub answer_bytes_max: usize,
    /// How long an answer is kept in Redis.
    #[serde(with = "duration")]
    pub redis_ttl: Duration,
    /// What others may do with generated answers.
    pub generate: CachePolicy,
}

/// What proxies and browsers may do with an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CachePolicy {
    /// Keep it for good.
    Static,
    /// Keep it and ask each time whether it is still right.
    Html,
    /// Keep it for a minute in the client alone.
    Api,
    /// Keep nothing.
    None,
}

impl CachePolicy {
    /// The value of `Cache-Control`.
    pub const fn header(self) -> &'static str {
        match self {
            Self::Static => "public, max-age=31536000, immutable",
            Self::Html => "public, max-age=0, must-revalidate",
            Self::Api => "private, max-age=60",
            Self::None => "no-store",
        }
    }
}

impl Default for CacheConfig {
    fn default() -> Self {
        Self {
            bytes_max: 64 * 1024 * 1024,
            answer_bytes_max: 8 * 1024 * 1024,
            redis_ttl: Duration::from_secs(3_600),
            generate: CachePolicy::Api,
        }
    }
}
