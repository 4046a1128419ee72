//! How a server leaves while another takes its place: every answer closes its connection, and what is in hand is counted,
//! so that the store can be given up as soon as nobody needs it.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use tokio::sync::watch;

/// Whether the server leaves, and what is still in hand. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Departure {
    leaving: Arc<AtomicBool>,
    requests: Count,
    connections: Count,
}

#[derive(Debug, Clone, Default)]
struct Count(watch::Sender<usize>);

/// Counts as in hand until it is dropped.
#[derive(Debug)]
pub struct InHand(Count);

impl Departure {
    /// From here on every answer closes its connection.
    pub fn begin(&self) {
        self.leaving.store(true, Ordering::Release);
    }

    pub fn is_begun(&self) -> bool {
        self.leaving.load(Ordering::Acquire)
    }

    /// Counts a request until its answer is made.
    pub fn request(&self) -> InHand {
        self.requests.enter()
    }

    /// Counts a connection until it is closed.
    pub fn connection(&self) -> InHand {
        self.connections.enter()
    }

    /// Resolves when every request has its answer.
    pub async fn requests_answered(&self) {
        self.requests.is_zero().await;
    }

    /// Resolves when every connection is closed.
    pub async fn connections_closed(&self) {
        self.connections.is_zero().await;
    }
}

impl Count {
    fn enter(&self) -> InHand {
        self.0.send_modify(|count| *count += 1);
        InHand(self.clone())
    }

    async fn is_zero(&self) {
        // Err means that the counter is gone, and it is held here.
        let _ = self.0.subscribe().wait_for(|count| *count == 0).await;
    }
}

impl Drop for InHand {
    fn drop(&mut self) {
        self.0.0.send_modify(|count| *count -= 1);
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_in_hand_is_waited_for_and_requests_apart_from_connections() {
        let departure = Departure::default();
        let connection = departure.connection();
        let (first, second) = (departure.request(), departure.clone().request());
        let mut answered = Box::pin(departure.requests_answered());
        assert_eq!(answered.as_mut().now_or_never(), None);
        drop(first);
        assert_eq!(answered.as_mut().now_or_never(), None);
        drop(second);
        assert_eq!(answered.now_or_never(), Some(()));
        assert_eq!(departure.connections_closed().now_or_never(), None);
        drop(connection);
        assert_eq!(departure.connections_closed().now_or_never(), Some(()));
    }
}
