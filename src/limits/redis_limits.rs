//! Limits that nodes share, in Redis: one script decides and counts in one step, by the clock of Redis.
//!
//! A request never waits long for Redis: after an error or a late answer the node goes by its own limits for a while.

use std::{
    num::NonZeroU32,
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bb8_redis::bb8::{self, ManageConnection, Pool};
use redis::{AsyncConnectionConfig, Client, RedisError, Script, aio::MultiplexedConnection};

use super::verdict::{Verdict, WINDOW};

/// Longest wait for a connection and an answer.
const ANSWER_MAX: Duration = Duration::from_millis(100);
/// How long Redis is left alone after it failed.
const REST: Duration = Duration::from_secs(1);
const CONNECTIONS_MAX: u32 = 8;

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
static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// Limits in Redis. Clones share connections.
#[derive(Clone)]
pub struct SharedLimits {
    pool: Pool<Dialer>,
    /// Milliseconds since `START` until which Redis is left alone; 0 while it answers.
    rests_until: Arc<AtomicU64>,
}

struct Dialer(Client);

impl ManageConnection for Dialer {
    type Connection = MultiplexedConnection;
    type Error = RedisError;

    async fn connect(&self) -> Result<Self::Connection, RedisError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(ANSWER_MAX))
            .set_response_timeout(Some(ANSWER_MAX));
        self.0
            .get_multiplexed_async_connection_with_config(&config)
            .await
    }

    async fn is_valid(&self, connection: &mut Self::Connection) -> Result<(), RedisError> {
        redis::cmd("PING").query_async(connection).await
    }

    fn has_broken(&self, _: &mut Self::Connection) -> bool {
        false
    }
}

impl SharedLimits {
    /// Connects when it is asked. Errors when the URL is none.
    pub fn new(url: &str) -> Result<Self, RedisError> {
        let pool = Pool::builder()
            .max_size(CONNECTIONS_MAX)
            .min_idle(Some(0))
            .connection_timeout(ANSWER_MAX)
            .build_unchecked(Dialer(Client::open(url)?));
        LazyLock::force(&START);
        Ok(Self {
            pool,
            rests_until: Arc::default(),
        })
    }

    /// Whether the last request that was counted in Redis was answered.
    pub fn answers(&self) -> bool {
        self.rests_until.load(Ordering::Relaxed) == 0
    }

    /// Counts a request of `key`; None when Redis cannot say.
    pub async fn ask(&self, key: &str, per_minute: NonZeroU32) -> Option<Verdict> {
        let now_ms = u64::try_from(START.elapsed().as_millis()).unwrap_or(u64::MAX);
        let rests_until = self.rests_until.load(Ordering::Relaxed);
        // The first to come after the rest tries; the others meanwhile do not wait with it.
        let next = now_ms + u64::try_from(REST.as_millis()).unwrap_or(u64::MAX);
        if rests_until > 0
            && (now_ms < rests_until
                || self
                    .rests_until
                    .compare_exchange(rests_until, next, Ordering::Relaxed, Ordering::Relaxed)
                    .is_err())
        {
            return None;
        }
        let asked = tokio::time::timeout(ANSWER_MAX, self.count(key, per_minute)).await;
        let failure = match asked {
            Ok(Ok(verdict)) => {
                if self.rests_until.swap(0, Ordering::Relaxed) > 0 {
                    tracing::info!("redis answers: limits are shared again");
                }
                metrics::gauge!("callboard_redis_up").set(1.0);
                return Some(verdict);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", ANSWER_MAX.as_millis()),
        };
        if self.rests_until.swap(next, Ordering::Relaxed) == 0 {
            tracing::warn!(
                error = failure,
                "redis does not answer: this node goes by limits of its own"
            );
        }
        metrics::gauge!("callboard_redis_up").set(0.0);
        None
    }

    async fn count(
        &self,
        key: &str,
        per_minute: NonZeroU32,
    ) -> Result<Verdict, bb8::RunError<RedisError>> {
        let mut connection = self.pool.get().await?;
        let interval_us = WINDOW.as_micros() as f64 / f64::from(per_minute.get());
        let counted: Result<(u8, u32, u64, u64), RedisError> = SCRIPT
            .key(format!("callboard:limit:{key}"))
            .arg(interval_us)
            .arg(per_minute.get())
            .invoke_async(&mut *connection)
            .await;
        let (passes, remaining, retry_us, reset_us) = counted.map_err(bb8::RunError::User)?;
        Ok(Verdict {
            limit: per_minute.get(),
            remaining,
            reset: Duration::from_micros(reset_us),
            retry_after: (passes == 0).then(|| Duration::from_micros(retry_us)),
        })
    }
}
