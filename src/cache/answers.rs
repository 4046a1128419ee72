//! Answers by the hash of their question: the least recently used go first, and other nodes find them in Redis. Whoever
//! asks for what is being made waits for it. An answer must follow from its question alone, so none is ever out of date.

use std::{future::Future, io, sync::Arc};

use actix_web::web::Bytes;
use moka::{future::Cache, policy::EvictionPolicy};
use redis::AsyncCommands as _;

use crate::{config::CacheConfig, redis_link::RedisLink};

/// A hash of everything the answer follows from.
pub type Key = [u8; 32];

/// Larger answers are not put into Redis: limits are asked over the same connection, and would wait behind them.
const SHARED_BYTES_MAX: usize = 1024 * 1024;
/// What an entry takes beside its bytes, about.
const ENTRY_BYTES: usize = 128;

/// A cache under a name. Clones share it.
#[derive(Clone)]
pub struct AnswerCache {
    name: &'static str,
    local: Cache<Key, Bytes>,
    shared: Option<RedisLink>,
    config: CacheConfig,
}

impl AnswerCache {
    /// `shared` is where other nodes look as well.
    pub fn new(name: &'static str, config: &CacheConfig, shared: Option<RedisLink>) -> Self {
        let weigh =
            |_: &Key, answer: &Bytes| u32::try_from(answer.len() + ENTRY_BYTES).unwrap_or(u32::MAX);
        let local = Cache::builder()
            .max_capacity(config.bytes_max)
            .weigher(weigh)
            .eviction_policy(EvictionPolicy::lru())
            .build();
        Self {
            name,
            local,
            shared,
            config: config.clone(),
        }
    }

    /// The answer that is kept under `key`, or the one that is made. A failure is not kept.
    pub async fn get_or(
        &self,
        key: Key,
        make: impl Future<Output = io::Result<Bytes>>,
    ) -> Result<Bytes, Arc<io::Error>> {
        if self.config.bytes_max == 0 {
            return make.await.map_err(Arc::new);
        }
        let mut outcome = "hit";
        let found = self.local.try_get_with(key, async {
            if let Some(answer) = self.find(&key).await {
                outcome = "l2_hit";
                return Ok(answer);
            }
            outcome = "miss";
            let answer = make.await?;
            self.share(&key, &answer).await;
            Ok(answer)
        });
        let found = found.await;
        metrics::counter!("callboard_cache_requests_total", "cache" => self.name, "outcome" => outcome)
            .increment(1);
        if found.as_ref().is_ok_and(|answer| !self.is_kept(answer)) {
            self.local.invalidate(&key).await;
        }
        found
    }

    fn is_kept(&self, answer: &Bytes) -> bool {
        answer.len() <= self.config.answer_bytes_max
    }

    fn place(&self, key: &Key) -> String {
        format!("callboard:cache:{}:{}", self.name, hex::encode(key))
    }

    async fn find(&self, key: &Key) -> Option<Bytes> {
        let place = self.place(key);
        let asked = self.shared.as_ref()?.ask(async |connection| {
            let found: Option<Vec<u8>> = connection.get(place).await?;
            Ok(found)
        });
        asked.await.flatten().map(Bytes::from)
    }

    async fn share(&self, key: &Key, answer: &Bytes) {
        let is_shared = self.is_kept(answer) && answer.len() <= SHARED_BYTES_MAX;
        let Some(shared) = self.shared.as_ref().filter(|_| is_shared) else {
            return;
        };
        let (place, ttl_s) = (self.place(key), self.config.redis_ttl.as_secs().max(1));
        // Without Redis there is nothing to share.
        let _ = shared
            .ask(async |connection| {
                let () = connection.set_ex(place, answer.as_ref(), ttl_s).await?;
                Ok(())
            })
            .await;
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use super::*;

    fn cache(bytes_max: u64) -> AnswerCache {
        let config = CacheConfig {
            bytes_max,
            answer_bytes_max: 100,
            ..CacheConfig::default()
        };
        AnswerCache::new("test", &config, None)
    }

    /// How often an answer of this size was made in two requests for it.
    async fn made_in_two(cache: &AnswerCache, bytes: usize) -> usize {
        let made = Cell::new(0);
        for _ in 0..2 {
            let make = async {
                made.set(made.get() + 1);
                Ok(Bytes::from(vec![b'x'; bytes]))
            };
            let answer = cache.get_or([bytes as u8; 32], make).await.unwrap();
            assert_eq!(answer.len(), bytes);
        }
        made.get()
    }

    #[tokio::test]
    async fn an_answer_is_made_once_unless_it_is_too_large_or_nothing_is_kept() {
        let cache_of_all = cache(10_000);
        assert_eq!(made_in_two(&cache_of_all, 100).await, 1);
        assert_eq!(made_in_two(&cache_of_all, 101).await, 2);
        assert_eq!(made_in_two(&cache(0), 100).await, 2);
    }

    #[tokio::test]
    async fn a_failure_is_not_kept() {
        let cache = cache(10_000);
        let failed = cache.get_or([0; 32], async { Err(io::Error::other("no")) });
        assert!(failed.await.is_err());
        let made = cache.get_or([0; 32], async { Ok(Bytes::from_static(b"yes")) });
        assert_eq!(made.await.unwrap(), "yes");
    }
}
