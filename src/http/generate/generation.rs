//! What every generated answer shares: threads, seats, the cache and the bounds.

use std::{
    future::Future,
    io,
    num::NonZeroUsize,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::available_parallelism,
};

use callboard_orchestra::coordinator::RETRY_AFTER;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore, watch},
    task::spawn_blocking,
};

use crate::{
    cache::AnswerCache,
    config::{CacheConfig, CachePolicy, SynthConfig},
    http::error::{Kind, Problem},
    redis_link::RedisLink,
};

/// Shared by all requests. Clones share it.
#[derive(Clone)]
pub struct Generation {
    /// One for each core: what more threads gained, other requests would lose.
    threads: Arc<Semaphore>,
    streams: Arc<Semaphore>,
    pub(super) cache: AnswerCache,
    pub(super) policy: CachePolicy,
    pub(super) rows_max: u64,
}

impl Generation {
    pub fn of(synth: &SynthConfig, cache: &CacheConfig, shared: Option<RedisLink>) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(cores())),
            streams: Arc::new(Semaphore::new(synth.streams_max.get())),
            cache: AnswerCache::new("generate", cache, shared),
            policy: cache.generate,
            rows_max: synth.rows_max_per_request.get(),
        }
    }

    /// Runs `work` on a thread of its own as soon as a core is free.
    pub(super) async fn on_thread<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> io::Result<T> + Send + 'static,
    ) -> io::Result<T> {
        let permit = self.threads.clone().acquire_owned().await;
        let permit = permit.expect("the semaphore is never closed");
        let done = spawn_blocking(move || {
            let made = work();
            drop(permit);
            made
        });
        done.await
            .unwrap_or_else(|lost| Err(io::Error::other(lost)))
    }

    /// A place for one more long answer. Refused when there is none.
    pub(super) fn open(&self, shutdown: watch::Receiver<bool>) -> Result<Stream, Problem> {
        let seat = self.streams.clone().try_acquire_owned().map_err(|_| {
            let detail = "too many generated answers are being sent";
            Problem::new(Kind::Unavailable, "too_many_streams", detail).retry_after(RETRY_AFTER)
        })?;
        metrics::gauge!("callboard_generate_streams").increment(1.0);
        Ok(Stream {
            generation: self.clone(),
            shutdown,
            cancelled: Arc::default(),
            _seat: seat,
        })
    }
}

/// Pieces of a long answer that are made ahead of the one being sent.
pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// A long answer while it is sent. Dropped with the connection, it stops what is being made for it.
pub(super) struct Stream {
    generation: Generation,
    shutdown: watch::Receiver<bool>,
    cancelled: Arc<AtomicBool>,
    _seat: OwnedSemaphorePermit,
}

impl Stream {
    /// Makes a piece. `work` asks what it is given whether the piece is still wanted.
    pub(super) fn make<T, W>(&self, work: W) -> impl Future<Output = io::Result<T>> + use<T, W>
    where
        T: Send + 'static,
        W: FnOnce(&dyn Fn() -> bool) -> io::Result<T> + Send + 'static,
    {
        let (cancelled, generation) = (self.cancelled.clone(), self.generation.clone());
        let draining = *self.shutdown.borrow();
        async move {
            if draining {
                return Err(io::Error::other("the server shuts down"));
            }
            let is_cancelled = move || cancelled.load(Ordering::Relaxed);
            generation.on_thread(move || work(&is_cancelled)).await
        }
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
        metrics::gauge!("callboard_generate_streams").decrement(1.0);
    }
}

/// Counts rows that were made.
pub(super) fn count(entity: callboard_synth::Entity, rows: u64) {
    metrics::counter!("callboard_generated_rows_total", "entity" => entity.as_str())
        .increment(rows);
}
