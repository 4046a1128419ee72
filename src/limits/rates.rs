//! Requests a minute, by key.

use std::{num::NonZeroU32, sync::Arc};

use governor::{
    Quota, RateLimiter,
    clock::{Clock, DefaultClock},
    middleware::StateInformationMiddleware,
    state::keyed::DashMapStateStore,
};

use super::{
    redis_limits::SharedLimits,
    verdict::{Verdict, WINDOW},
};
use crate::config::RateLimitsConfig;

/// Keys remembered at one time; above it those at rest are forgotten at once, not at the next round.
const KEYS_MAX: usize = 200_000;

/// How much a caller is let do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Tier {
    Anonymous,
    Standard,
    Elevated,
    /// Attempts to log in.
    Login,
}

/// Whom a request is counted as. Whoever knows more than the address puts it into the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RateKey {
    pub tier: Tier,
    pub key: Arc<str>,
}

type Limiter =
    RateLimiter<String, DashMapStateStore<String>, DefaultClock, StateInformationMiddleware>;

/// The limiters. Clones share them.
#[derive(Clone)]
pub struct Rates {
    /// By `Tier`.
    tiers: [Option<Limit>; 4],
    shared: Option<SharedLimits>,
    pub limit_loopback: bool,
}

/// One limit, for any number of keys.
#[derive(Clone)]
pub struct Limit {
    name: &'static str,
    per_minute: NonZeroU32,
    local: Arc<Limiter>,
}

impl Limit {
    /// None for no limit.
    pub fn new(name: &'static str, per_minute: u32) -> Option<Self> {
        let per_minute = NonZeroU32::new(per_minute)?;
        let local = RateLimiter::keyed(Quota::per_minute(per_minute))
            .with_middleware::<StateInformationMiddleware>();
        Some(Self {
            name,
            per_minute,
            local: Arc::new(local),
        })
    }

    /// Counts a request of `key`, in Redis when it answers.
    pub async fn ask(&self, shared: Option<&SharedLimits>, key: &str) -> Verdict {
        let key = format!("{}:{key}", self.name);
        if let Some(shared) = shared
            && let Some(verdict) = shared.ask(&key, self.per_minute).await
        {
            return verdict;
        }
        self.ask_local(key)
    }

    fn ask_local(&self, key: String) -> Verdict {
        if self.local.len() > KEYS_MAX {
            self.local.retain_recent();
        }
        let limit = self.per_minute.get();
        match self.local.check_key(&key) {
            Ok(state) => {
                let remaining = state.remaining_burst_capacity();
                Verdict {
                    limit,
                    remaining,
                    reset: WINDOW * limit.saturating_sub(remaining) / limit,
                    retry_after: None,
                }
            }
            Err(until) => Verdict {
                limit,
                remaining: 0,
                reset: WINDOW,
                retry_after: Some(until.wait_time_from(DefaultClock::default().now())),
            },
        }
    }

    /// Forgets keys that are at rest.
    pub fn forget(&self) {
        self.local.retain_recent();
        self.local.shrink_to_fit();
    }
}

impl Rates {
    pub fn of(config: &RateLimitsConfig, shared: Option<SharedLimits>) -> Self {
        Self {
            tiers: [
                Limit::new("anonymous", config.anonymous_per_minute),
                Limit::new("standard", config.standard_per_minute),
                Limit::new("elevated", config.elevated_per_minute),
                Limit::new("login", config.logins_per_minute),
            ],
            shared,
            limit_loopback: config.limit_loopback,
        }
    }

    /// Counts a request; None where there is no limit.
    pub async fn ask(&self, key: &RateKey) -> Option<Verdict> {
        let limit = self.tiers[key.tier as usize].as_ref()?;
        Some(limit.ask(self.shared.as_ref(), &key.key).await)
    }

    pub fn shared(&self) -> Option<&SharedLimits> {
        self.shared.as_ref()
    }

    /// Forgets keys that are at rest.
    pub fn forget(&self) {
        self.tiers.iter().flatten().for_each(Limit::forget);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_key_gets_its_limit_then_a_delay_and_others_are_untouched() {
        let limit = Limit::new("test", 3).unwrap();
        for remaining in [2, 1, 0] {
            let verdict = limit.ask(None, "a").await;
            assert_eq!(
                (verdict.limit, verdict.remaining, verdict.retry_after),
                (3, remaining, None)
            );
        }
        let refused = limit.ask(None, "a").await;
        let delay = refused.retry_after.unwrap();
        assert!(delay > WINDOW / 4 && delay <= WINDOW / 3, "{delay:?}");
        assert_eq!(limit.ask(None, "b").await.remaining, 2);
        assert!(Limit::new("none", 0).is_none());
    }
}
