//! Requests a minute, by key.

use std::{
    hash::{BuildHasher, RandomState},
    num::NonZeroU32,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

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

/// Keys of one limit that are counted each by itself. When there are more, whoever comes is counted with the others of a
/// group until some are at rest.
const KEYS_MAX: usize = 200_000;
const GROUPS: u64 = 1_024;
/// While there are so many, those at rest are looked for so often at most.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

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
    keys_max: usize,
    /// Milliseconds since `START` when keys at rest were last looked for.
    swept_at_ms: Arc<AtomicU64>,
    /// Nobody outside can tell who shares a group.
    groups: RandomState,
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
            keys_max: KEYS_MAX,
            swept_at_ms: Arc::default(),
            groups: RandomState::new(),
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
        let key = match self.local.len() < self.keys_max || self.make_room() {
            true => key,
            false => format!("group {}", self.groups.hash_one(&key) % GROUPS),
        };
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

    /// Answers whether there is room for another key.
    fn make_room(&self) -> bool {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let now_ms = millis(START.elapsed());
        let swept_at_ms = self.swept_at_ms.load(Ordering::Relaxed);
        let is_due = now_ms >= swept_at_ms.saturating_add(millis(SWEEP_EVERY));
        // The first to come sweeps; the others meanwhile do without.
        let swaps = |from| {
            self.swept_at_ms
                .compare_exchange(from, now_ms, Ordering::Relaxed, Ordering::Relaxed)
        };
        if !is_due || swaps(swept_at_ms).is_err() {
            return false;
        }
        self.local.retain_recent();
        self.local.len() < self.keys_max
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

    #[tokio::test]
    async fn however_many_keys_there_are_no_more_are_remembered_and_each_is_limited() {
        let mut limit = Limit::new("test", 3).unwrap();
        limit.keys_max = 100;
        for key in 0..20_000 {
            limit.ask(None, &key.to_string()).await;
        }
        assert!(limit.local.len() <= limit.keys_max + GROUPS as usize);
        for _ in 0..3 {
            limit.ask(None, "late").await;
        }
        let late = limit.ask(None, "late").await;
        assert!(late.retry_after.is_some());
    }
}
