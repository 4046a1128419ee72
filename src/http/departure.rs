//! How a server leaves while another takes its place: every answer closes its connection, and what is in hand is counted,
//! so that the store can be given up as soon as nobody needs it.

use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

/// Whether the server leaves, and what is still in hand. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Departure {
    requests: TaskTracker,
    connections: TaskTracker,
    last_call: CancellationToken,
}

/// Counts as in hand until it is dropped.
pub type InHand = TaskTrackerToken;

impl Departure {
    /// From here on every answer closes its connection.
    pub fn begin(&self) {
        self.requests.close();
        self.connections.close();
    }

    pub fn is_begun(&self) -> bool {
        self.requests.is_closed()
    }

    /// From here on no request is taken: the store will not be there for it. Those in hand are answered.
    pub fn take_no_more(&self) {
        self.last_call.cancel();
    }

    pub fn takes_no_more(&self) -> bool {
        self.is_begun() && self.last_call.is_cancelled()
    }

    /// Counts a request until its answer is made. Counted first and asked for [`Self::takes_no_more`] then, it is either
    /// turned away or waited for.
    pub fn request(&self) -> InHand {
        self.requests.token()
    }

    /// Counts a connection until it is closed.
    pub fn connection(&self) -> InHand {
        self.connections.token()
    }

    /// Resolves when it has begun and every request has its answer.
    pub async fn requests_answered(&self) {
        self.requests.wait().await;
    }

    /// Resolves when it has begun and every connection is closed.
    pub async fn connections_closed(&self) {
        self.connections.wait().await;
    }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    #[test]
    fn what_is_in_hand_is_waited_for_and_requests_apart_from_connections() {
        let departure = Departure::default();
        assert!(!departure.is_begun());
        departure.begin();
        assert!(departure.is_begun() && !departure.takes_no_more());
        let connection = departure.connection();
        let (first, second) = (departure.request(), departure.clone().request());
        let mut answered = Box::pin(departure.requests_answered());
        assert_eq!(answered.as_mut().now_or_never(), None);
        drop(first);
        assert_eq!(answered.as_mut().now_or_never(), None);
        departure.take_no_more();
        assert!(departure.clone().takes_no_more());
        drop(second);
        assert_eq!(answered.now_or_never(), Some(()));
        assert_eq!(departure.connections_closed().now_or_never(), None);
        drop(connection);
        assert_eq!(departure.connections_closed().now_or_never(), Some(()));
    }
}
