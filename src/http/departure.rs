//! How a server leaves while another takes its place: every answer closes its connection, and what is in hand is counted,
//! so that the store can be given up as soon as nobody needs it.

use std::{pin::pin, time::Duration};

use actix_web::{
    Error, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::Version,
    middleware::Next,
    web::Data,
};
use tokio::{sync::watch, time::timeout};
use tokio_util::{
    sync::CancellationToken,
    task::{TaskTracker, task_tracker::TaskTrackerToken},
};

use super::{desk::Desk, error::Problem};
use crate::ws::Socket;

/// Whether the server leaves, and what is still in hand. Clones share it.
#[derive(Debug, Clone, Default)]
pub struct Departure {
    requests: TaskTracker,
    connections: TaskTracker,
    last_call: CancellationToken,
    /// Answers made since it has begun, to requests that were taken.
    answers: watch::Sender<u64>,
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

    /// Of a request that was counted before it asks, either this is true or it is waited for: the lock in the token
    /// orders the two.
    fn takes_no_more(&self) -> bool {
        // Spares every request that lock.
        self.is_begun() && self.last_call.is_cancelled()
    }

    /// Counts a request until its answer is made.
    pub fn request(&self) -> InHand {
        self.requests.token()
    }

    /// Counts a connection until it is closed.
    pub fn connection(&self) -> InHand {
        self.connections.token()
    }

    /// Notes that a request which was taken has its answer.
    fn answered(&self) {
        if self.is_begun() {
            self.answers.send_modify(|answers| *answers += 1);
        }
    }

    /// Resolves with true when it has begun and every request has its answer, and with false when `patience` has passed
    /// since the last answer.
    pub async fn requests_answered(&self, patience: Duration) -> bool {
        let mut answers = self.answers.subscribe();
        let mut all = pin!(self.requests.wait());
        loop {
            tokio::select! {
                biased;
                () = &mut all => return true,
                next = timeout(patience, answers.changed()) => if next.is_err() {
                    return false;
                },
            }
        }
    }

    /// Resolves when it has begun and every connection is closed.
    pub async fn connections_closed(&self) {
        self.connections.wait().await;
    }
}

/// The middleware, within the one that counts: what comes when nothing is taken any more is turned away. A client that
/// finds its connection closed instead of an answer asks again where that is safe, and then asks the next server.
pub async fn turn_away_late<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let desk = request.app_data::<Data<Desk>>().cloned();
    let departure = desk.as_ref().map(|desk| &desk.departure);
    if !departure.is_some_and(Departure::takes_no_more) {
        let answer = next.call(request).await;
        departure.inspect(|departure| departure.answered());
        return Ok(answer?.map_into_left_body());
    }
    // Over HTTP/2 others may be on this connection, and in hand.
    if request.version() < Version::HTTP_2
        && let Some(socket) = Socket::of(request.request())
    {
        socket.shut();
    }
    let refused = request.into_response(Problem::draining().error_response());
    Ok(refused.map_into_right_body())
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;
    use tokio::time::{Instant, sleep};

    use super::*;

    /// Time for the next answer.
    const PATIENCE: Duration = Duration::from_secs(2);

    #[tokio::test(start_paused = true)]
    async fn what_is_in_hand_is_waited_for_and_requests_apart_from_connections() {
        let departure = Departure::default();
        assert!(!departure.is_begun());
        departure.begin();
        assert!(departure.is_begun() && !departure.takes_no_more());
        let connection = departure.connection();
        let (first, second) = (departure.request(), departure.clone().request());
        let mut answered = Box::pin(departure.requests_answered(PATIENCE));
        assert_eq!(answered.as_mut().now_or_never(), None);
        drop(first);
        assert_eq!(answered.as_mut().now_or_never(), None);
        departure.take_no_more();
        assert!(departure.clone().takes_no_more());
        drop(second);
        assert_eq!(answered.now_or_never(), Some(true));
        assert_eq!(departure.connections_closed().now_or_never(), None);
        drop(connection);
        assert_eq!(departure.connections_closed().now_or_never(), Some(()));
    }

    #[tokio::test(start_paused = true)]
    async fn requests_are_waited_for_as_long_as_one_after_the_other_is_answered() {
        let departure = Departure::default();
        departure.begin();
        let (first, second) = (departure.request(), departure.request());
        let hung = departure.request();
        let began = Instant::now();
        let answers = async {
            for request in [first, second] {
                sleep(PATIENCE / 2).await;
                departure.answered();
                drop(request);
            }
        };
        let (all, ()) = tokio::join!(departure.requests_answered(PATIENCE), answers);
        assert!(!all);
        assert_eq!(began.elapsed(), PATIENCE * 2);
        drop(hung);
        assert!(departure.requests_answered(PATIENCE).await);
    }
}
