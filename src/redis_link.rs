//! Redis, for what nodes share beside the store. A request never waits long for it: after an error or a late answer it is
//! left alone for a while, and the node goes on without.

use std::{
    sync::{
        Arc, LazyLock,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, Instant},
};

use bb8_redis::bb8::{self, ManageConnection, Pool};
use redis::{AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection};

/// Longest wait for a connection and an answer.
const ANSWER_MAX: Duration = Duration::from_millis(100);
/// How long Redis is left alone after it failed.
const REST: Duration = Duration::from_secs(1);
const CONNECTIONS_MAX: u32 = 8;

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

/// A pool of connections. Clones share it.
#[derive(Clone)]
pub struct RedisLink {
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

impl RedisLink {
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

    /// Whether the last question was answered.
    pub fn answers(&self) -> bool {
        self.rests_until.load(Ordering::Relaxed) == 0
    }

    /// The answer to a question; None when Redis cannot say.
    pub async fn ask<T>(
        &self,
        question: impl AsyncFnOnce(&mut MultiplexedConnection) -> Result<T, RedisError>,
    ) -> Option<T> {
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
        let asked = async {
            let mut connection = self.pool.get().await?;
            let answer = question(&mut connection).await;
            answer.map_err(bb8::RunError::User)
        };
        let failure = match tokio::time::timeout(ANSWER_MAX, asked).await {
            Ok(Ok(answer)) => {
                if self.rests_until.swap(0, Ordering::Relaxed) > 0 {
                    tracing::info!("redis answers again");
                }
                metrics::gauge!("callboard_redis_up").set(1.0);
                return Some(answer);
            }
            Ok(Err(error)) => error.to_string(),
            Err(_) => format!("no answer within {} ms", ANSWER_MAX.as_millis()),
        };
        if self.rests_until.swap(next, Ordering::Relaxed) == 0 {
            tracing::warn!(
                error = failure,
                "redis does not answer: this node goes by limits and caches of its own"
            );
        }
        metrics::gauge!("callboard_redis_up").set(0.0);
        None
    }
}
