//! Limits that nodes share, in Redis: one script decides and counts in one step, by the clock of Redis.

use std::{num::NonZeroU32, sync::LazyLock, time::Duration};

use redis::{RedisError, Script};

use super::verdict::{Verdict, WINDOW};
use crate::redis_link::RedisLink;

/// GCRA. The key holds when the next request is due if they came evenly, in microseconds.
/// Answers whether it passes, how many more would, the time until one does, and the time until all do.
const GCRA: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval = tonumber(ARGV[1])
local burst = tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or now), now)
local after = due + interval
local passes_at = after - interval * burst
if now < passes_at then
  return {0, 0, math.ceil(passes_at - now), math.ceil(due - now)}
end
redis.call('SET', KEYS[1], string.format('%.0f', after), 'PX', math.ceil((after - now) / 1000))
return {1, math.floor((now - passes_at) / interval), 0, math.ceil(after - now)}
";

static SCRIPT: LazyLock<Script> = LazyLock::new(|| Script::new(GCRA));

/// Limits in Redis. Clones share connections.
#[derive(Clone)]
pub struct SharedLimits(RedisLink);

impl SharedLimits {
    pub const fn new(link: RedisLink) -> Self {
        Self(link)
    }

    pub const fn link(&self) -> &RedisLink {
        &self.0
    }

    /// Whether the last request that was counted in Redis was answered.
    pub fn answers(&self) -> bool {
        self.0.answers()
    }

    /// Counts a request of `key`; None when Redis cannot say.
    pub async fn ask(&self, key: &str, per_minute: NonZeroU32) -> Option<Verdict> {
        let interval_us = WINDOW.as_micros() as f64 / f64::from(per_minute.get());
        let key = format!("callboard:limit:{key}");
        let counted = self.0.ask(async |connection| {
            let counted: Result<(u8, u32, u64, u64), RedisError> = SCRIPT
                .key(key)
                .arg(interval_us)
                .arg(per_minute.get())
                .invoke_async(connection)
                .await;
            counted
        });
        let (passes, remaining, retry_us, reset_us) = counted.await?;
        Some(Verdict {
            limit: per_minute.get(),
            remaining,
            reset: Duration::from_micros(reset_us),
            retry_after: (passes == 0).then(|| Duration::from_micros(retry_us)),
        })
    }
}
