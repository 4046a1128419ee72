//! Requests are worked on in turns: so many at one time, the others wait for theirs in the order they came, and who has
//! waited too long is told to come again. A server that is asked for more than it can do then answers what it can in a
//! bounded time, and refuses the rest without much work.
//! A request that waits for its body or for its job has no turn meanwhile.

use std::{cell::RefCell, pin::pin, sync::Arc, task::Poll, time::Duration};

use actix_web::{
    Error, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
    web::Data,
};
use callboard_orchestra::coordinator::RETRY_AFTER;
use futures_util::poll;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};

use super::{
    desk::Desk,
    error::{Kind, Problem},
};

/// Where paths begin that are worked on in turns. Probes, metrics and pages are answered whatever the load.
const IN_TURNS: &str = "/v1/";
/// Paths among them that are not: what operators look at, and step in by, while there is too much to do.
const OF_OPERATORS: [&str; 2] = ["/v1/health", "/v1/supervision"];

/// Turns there are. Clones share them.
#[derive(Debug, Clone)]
pub struct Turns {
    free: Arc<Semaphore>,
    wait_max: Duration,
}

/// Of the request being answered.
struct Turn {
    turns: Turns,
    permit: RefCell<Option<OwnedSemaphorePermit>>,
}

tokio::task_local! {
    static TURN: Turn;
}

/// The middleware.
pub async fn take_turns<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let turns = match request.app_data::<Data<Desk>>() {
        Some(desk) if takes_turns(request.path()) => desk.turns.clone(),
        _ => return Ok(next.call(request).await?.map_into_left_body()),
    };
    match turns.take().await {
        Ok(permit) => {
            let permit = RefCell::new(Some(permit));
            let answering = TURN.scope(Turn { turns, permit }, next.call(request));
            Ok(answering.await?.map_into_left_body())
        }
        Err(problem) => {
            let refused = request.into_response(problem.error_response());
            Ok(refused.map_into_right_body())
        }
    }
}

fn takes_turns(path: &str) -> bool {
    path.starts_with(IN_TURNS) && !OF_OPERATORS.iter().any(|of| path.starts_with(of))
}

/// Gives up the turn of the request being answered, for what remains is waiting.
pub fn leave() {
    // Err means that it has none: its path is not one that takes turns.
    let _ = TURN.try_with(|turn| turn.permit.take());
}

/// Awaits what the client does. Of what is not there at once the request loses its turn, and waits for another afterwards.
pub async fn aside<T>(waiting: impl Future<Output = T>) -> Result<T, Problem> {
    let mut waiting = pin!(waiting);
    if let Poll::Ready(at_once) = poll!(waiting.as_mut()) {
        return Ok(at_once);
    }
    leave();
    let awaited = waiting.await;
    if let Ok(turns) = TURN.try_with(|turn| turn.turns.clone()) {
        let permit = turns.take().await?;
        TURN.with(|turn| turn.permit.replace(Some(permit)));
    }
    Ok(awaited)
}

impl Turns {
    /// `at_once` turns, each waited for up to `wait_max`.
    pub fn new(at_once: usize, wait_max: Duration) -> Self {
        let free = Arc::new(Semaphore::new(at_once));
        Self { free, wait_max }
    }

    async fn take(&self) -> Result<OwnedSemaphorePermit, Problem> {
        if let Ok(permit) = self.free.clone().try_acquire_owned() {
            return Ok(permit);
        }
        match timeout(self.wait_max, self.free.clone().acquire_owned()).await {
            Ok(permit) => Ok(permit.expect("the semaphore is never closed")),
            Err(_) => {
                metrics::counter!("callboard_http_requests_shed_total").increment(1);
                Err(overloaded())
            }
        }
    }
}

fn overloaded() -> Problem {
    let detail = "more is asked than the server can do; nothing of this request was done";
    Problem::new(Kind::Unavailable, "overloaded", detail).retry_after(RETRY_AFTER)
}

#[cfg(test)]
mod tests {
    use std::future::{pending, ready};

    use tokio::sync::oneshot;

    use super::*;

    const WAIT_MAX: Duration = Duration::from_millis(500);

    async fn with_turn<T>(turns: &Turns, answering: impl Future<Output = T>) -> T {
        let permit = RefCell::new(Some(turns.take().await.unwrap()));
        let turns = turns.clone();
        TURN.scope(Turn { turns, permit }, answering).await
    }

    #[tokio::test(start_paused = true)]
    async fn who_waited_too_long_for_a_turn_is_told_to_come_again() {
        let turns = Turns::new(1, WAIT_MAX);
        let taken = turns.take().await.unwrap();
        let started = tokio::time::Instant::now();
        assert_eq!(turns.take().await.unwrap_err().code(), "overloaded");
        assert_eq!(started.elapsed(), WAIT_MAX);
        drop(taken);
        drop(turns.take().await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn turns_come_in_the_order_of_requests() {
        let turns = Turns::new(1, WAIT_MAX);
        let taken = turns.take().await.unwrap();
        let (mut first, mut second) = (pin!(turns.take()), pin!(turns.take()));
        assert!(poll!(first.as_mut()).is_pending() && poll!(second.as_mut()).is_pending());
        drop(taken);
        assert!(poll!(second.as_mut()).is_pending());
        let first = first.await.unwrap();
        assert!(poll!(second.as_mut()).is_pending());
        drop(first);
        drop(second.await.unwrap());
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_waits_for_its_client_has_no_turn_and_needs_one_afterwards() {
        let turns = Turns::new(1, WAIT_MAX);
        let (send, body) = oneshot::channel::<()>();
        let mut slow = pin!(with_turn(&turns, aside(body)));
        assert!(poll!(slow.as_mut()).is_pending());
        let other = turns.take().await.unwrap();
        send.send(()).unwrap();
        assert_eq!(slow.await.unwrap_err().code(), "overloaded");
        drop(other);
    }

    #[tokio::test(start_paused = true)]
    async fn what_is_there_at_once_costs_no_turn() {
        let turns = Turns::new(1, WAIT_MAX);
        with_turn(&turns, async {
            assert_eq!(aside(ready(7)).await.unwrap(), 7);
            assert_eq!(turns.take().await.unwrap_err().code(), "overloaded");
        })
        .await;
    }

    #[tokio::test(start_paused = true)]
    async fn a_request_that_waits_for_its_job_has_no_turn() {
        let turns = Turns::new(1, WAIT_MAX);
        let mut waiting = pin!(with_turn(&turns, async {
            leave();
            pending::<()>().await;
        }));
        assert!(poll!(waiting.as_mut()).is_pending());
        drop(turns.take().await.unwrap());
    }
}
