//! How many streams may be open at one time.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Transport;

pub struct Seats(Arc<Semaphore>);

/// Held by an open stream.
pub struct Seat {
    _permit: OwnedSemaphorePermit,
    transport: Transport,
}

impl Seats {
    pub fn new(clients_max: usize) -> Self {
        Self(Arc::new(Semaphore::new(
            clients_max.min(Semaphore::MAX_PERMITS),
        )))
    }

    /// `None` when all are taken.
    pub fn take(&self, transport: Transport) -> Option<Seat> {
        let permit = self.0.clone().try_acquire_owned().ok()?;
        metrics::gauge!("callboard_ws_clients", "transport" => transport.name()).increment(1);
        Some(Seat {
            _permit: permit,
            transport,
        })
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        metrics::gauge!("callboard_ws_clients", "transport" => self.transport.name()).decrement(1);
    }
}
