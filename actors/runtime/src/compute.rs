//! The threads for work that computes instead of waiting: as many at a time as there are cores to spare.

use std::future::pending;
use std::num::NonZeroUsize;
use std::panic::resume_unwind;
use std::sync::Arc;
use std::thread::available_parallelism;

use tokio::sync::Semaphore;
use tokio::task::spawn_blocking;

pub(crate) struct ComputePool {
    permits: Arc<Semaphore>,
}

impl ComputePool {
    /// One permit fewer than cores, at least one.
    pub(crate) fn new() -> Self {
        let cores = available_parallelism().map_or(1, NonZeroUsize::get);
        Self {
            permits: Arc::new(Semaphore::new(cores.saturating_sub(1).max(1))),
        }
    }

    /// Runs `work` off the calling thread. The permit lives in the closure: a caller that leaves does not free it early.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> T + Send + 'static,
    ) -> T {
        let permit = self
            .permits
            .clone()
            .acquire_owned()
            .await
            .expect("the semaphore is never closed");
        let done = spawn_blocking(move || {
            // Dropped with the frame, also when `work` panics.
            let _permit = permit;
            work()
        });
        match done.await {
            Ok(result) => result,
            Err(lost) => match lost.try_into_panic() {
                Ok(payload) => resume_unwind(payload),
                // The runtime is shutting down, and the awaiting task with it.
                Err(_) => pending().await,
            },
        }
    }
}
