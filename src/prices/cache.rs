//! Answers that are used again for a while. Whoever asks for what is being fetched waits for that fetch.

use std::{collections::HashMap, future::Future, sync::Arc, time::Duration};

use callboard_market::prices::{PriceText, ProviderError};
use tokio::{sync::OnceCell, time::Instant};

/// Answers kept at one time, beside the bound on their bytes.
const ANSWERS_MAX: usize = 4_096;

pub struct Cache {
    answers: Answers,
    ttl: Duration,
    bytes_max: usize,
}

#[expect(
    clippy::disallowed_types,
    reason = "workers on several threads share the answers; held for a map operation only"
)]
type Answers = std::sync::Mutex<HashMap<String, Answer>>;

struct Answer {
    text: Arc<OnceCell<PriceText>>,
    /// When it was fetched, or asked for.
    at: Instant,
}

impl Cache {
    pub fn new(ttl: Duration, bytes_max: usize) -> Self {
        Self {
            answers: Answers::default(),
            ttl,
            bytes_max,
        }
    }

    /// The answer kept under `key`, or that of `fetch`. A failure is not kept; whoever waited for it fetches in turn.
    pub async fn get_or(
        &self,
        key: &str,
        fetch: impl Future<Output = Result<PriceText, ProviderError>>,
    ) -> Result<PriceText, ProviderError> {
        if self.ttl.is_zero() {
            return fetch.await;
        }
        let text = self.place(key, Instant::now());
        let mut is_new = false;
        let answered = text
            .get_or_try_init(async || {
                is_new = true;
                fetch.await
            })
            .await
            .cloned();
        if is_new && answered.is_ok() {
            self.keep(key, &text, Instant::now());
        }
        answered
    }

    fn place(&self, key: &str, now: Instant) -> Arc<OnceCell<PriceText>> {
        let mut answers = self.lock();
        answers.retain(|_, answer| match answer.text.initialized() {
            true => now.duration_since(answer.at) < self.ttl,
            // Nobody fetches it any more.
            false => Arc::strong_count(&answer.text) > 1,
        });
        let new = || Answer {
            text: Arc::default(),
            at: now,
        };
        let answer = answers.entry(key.to_owned()).or_insert_with(new);
        answer.text.clone()
    }

    /// Starts the time of an answer, and lets the oldest go where there is no room.
    fn keep(&self, key: &str, text: &Arc<OnceCell<PriceText>>, now: Instant) {
        let mut answers = self.lock();
        if let Some(answer) = answers.get_mut(key)
            && Arc::ptr_eq(&answer.text, text)
        {
            answer.at = now;
        }
        let size = |answer: &Answer| answer.text.get().map_or(0, |text| text.csv.len());
        let mut bytes: usize = answers.values().map(size).sum();
        while bytes > self.bytes_max || answers.len() > ANSWERS_MAX {
            let fetched = answers
                .iter()
                .filter(|(_, answer)| answer.text.initialized());
            let Some(oldest) = fetched.min_by_key(|(_, answer)| answer.at) else {
                return;
            };
            let oldest = oldest.0.clone();
            bytes -= answers.remove(&oldest).as_ref().map_or(0, size);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Answer>> {
        self.answers
            .lock()
            .expect("no holder of this lock can panic")
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;

    use tokio::{join, sync::oneshot};

    use super::*;

    const TTL: Duration = Duration::from_secs(60);

    fn text(bytes: usize) -> PriceText {
        PriceText {
            csv: vec![b'x'; bytes].into(),
            source: "a test".to_owned(),
        }
    }

    struct Counted {
        cache: Cache,
        fetches: Cell<usize>,
    }

    impl Counted {
        fn new(bytes_max: usize) -> Self {
            Self {
                cache: Cache::new(TTL, bytes_max),
                fetches: Cell::new(0),
            }
        }

        /// Gets ten bytes and answers how many fetches there have been.
        async fn get(&self, key: &str) -> usize {
            let fetch = async {
                self.fetches.set(self.fetches.get() + 1);
                Ok(text(10))
            };
            self.cache.get_or(key, fetch).await.unwrap();
            self.fetches.get()
        }
    }

    #[tokio::test(start_paused = true)]
    async fn an_answer_is_used_again_until_its_time_is_over() {
        let counted = Counted::new(100);
        assert_eq!((counted.get("a").await, counted.get("a").await), (1, 1));
        assert_eq!(counted.get("b").await, 2);
        tokio::time::advance(TTL).await;
        assert_eq!(counted.get("a").await, 3);
    }

    #[tokio::test(start_paused = true)]
    async fn the_oldest_answer_goes_where_there_is_no_room() {
        let counted = Counted::new(25);
        for key in ["a", "b", "c"] {
            counted.get(key).await;
            tokio::time::advance(Duration::from_secs(1)).await;
        }
        assert_eq!((counted.get("b").await, counted.get("c").await), (3, 3));
        assert_eq!(counted.get("a").await, 4);
    }

    #[tokio::test]
    async fn whoever_asks_meanwhile_waits_and_fetches_in_turn_after_a_failure() {
        let cache = Cache::new(TTL, 100);
        let (fail, failing) = oneshot::channel::<()>();
        let first = cache.get_or("a", async {
            failing.await.unwrap();
            Err(ProviderError::Refused("no".to_owned()))
        });
        let second = cache.get_or("a", async { Ok(text(1)) });
        let (first, second, ()) = join!(first, second, async { fail.send(()).unwrap() });
        assert_eq!(first, Err(ProviderError::Refused("no".to_owned())));
        assert_eq!(second, Ok(text(1)));
        let kept = cache.get_or("a", async { panic!("it is kept") }).await;
        assert_eq!(kept, Ok(text(1)));
    }
}
