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
    time::Duration,
};

use actix_web::{HttpRequest, web::Bytes};
use futures_util::Stream;
use tokio::{
    sync::{Semaphore, watch},
    task::spawn_blocking,
};

use super::sending::Sending;
use crate::{
    auth::Principal,
    cache::AnswerCache,
    config::{CacheConfig, CachePolicy, SynthConfig},
    http::error::Problem,
    limits::{Seat, SeatLimits, Seats},
    redis_link::RedisLink,
    ws::{OpenError, Socket},
};

/// Shared by all requests. Clones share it.
#[derive(Clone)]
pub struct Generation {
    /// One for each core: what more threads gained, other requests would lose.
    threads: Arc<Semaphore>,
    seats: Seats,
    client_stall_max: Duration,
    pub(super) cache: AnswerCache,
    pub(super) policy: CachePolicy,
    pub(super) rows_max: u64,
}

impl Generation {
    pub fn of(synth: &SynthConfig, cache: &CacheConfig, shared: Option<RedisLink>) -> Self {
        Self {
            threads: Arc::new(Semaphore::new(cores())),
            seats: Seats::new(SeatLimits {
                all_max: synth.streams_max.get(),
                of_tenant_max: synth.streams_of_tenant_max.get(),
                of_principal_max: synth.streams_of_principal_max.get(),
            }),
            client_stall_max: synth.client_stall_max,
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

    /// A place for one more long answer. Refused when there is none, or the caller or its tenant has its share.
    pub(super) fn open(
        &self,
        caller: &Principal,
        shutdown: watch::Receiver<bool>,
    ) -> Result<LongAnswer, Problem> {
        let seat = self.seats.take(caller).map_err(OpenError::from)?;
        metrics::gauge!("callboard_generate_streams").increment(1.0);
        Ok(LongAnswer {
            generation: self.clone(),
            shutdown,
            cancelled: Arc::default(),
            _seat: seat,
        })
    }

    /// Sends `pieces` as the answer to `request`, as long as its client takes them.
    pub(super) fn send<S: Stream<Item = io::Result<Bytes>>>(
        &self,
        pieces: S,
        request: &HttpRequest,
    ) -> Sending<S> {
        Sending::new(pieces, Socket::of(request), self.client_stall_max)
    }
}

/// Pieces of a long answer that are made ahead of the one being sent.
pub(super) fn cores() -> usize {
    available_parallelism().map_or(1, NonZeroUsize::get)
}

/// A long answer while it is sent. Dropped with the connection, it stops what is being made for it.
pub(super) struct LongAnswer {
    generation: Generation,
    shutdown: watch::Receiver<bool>,
    cancelled: Arc<AtomicBool>,
    _seat: Seat,
}

impl LongAnswer {
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

impl Drop for LongAnswer {
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
