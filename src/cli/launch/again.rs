//! Starts a server again where none serves, until one is ready: with a pause that doubles, the program looked up anew each
//! time. An order to replace ends the attempt in hand and the pause, so that a release that was switched is tried at once.

use std::{path::PathBuf, time::Duration};

use tokio::time::{Instant, sleep};

use super::{
    orders::{Order, Orders},
    server::{Launch, Server},
};
use crate::cli::{failure::Failure, terminal};

/// Pause before a server that died is started again; doubled up to the longest while it goes on dying.
const AGAIN_AFTER_MIN: Duration = Duration::from_millis(100);
const AGAIN_AFTER_MAX: Duration = Duration::from_secs(10);
/// A server that lived for so long has not died at its start.
const SETTLED_AFTER: Duration = Duration::from_secs(60);

/// The pause before the next attempt.
pub struct Pause {
    next: Duration,
    served_since: Instant,
}

impl Pause {
    pub fn new() -> Self {
        Self {
            next: AGAIN_AFTER_MIN,
            served_since: Instant::now(),
        }
    }

    /// A server serves from here on.
    pub fn serves(&mut self) {
        self.served_since = Instant::now();
    }

    /// That server has ended.
    pub fn ended(&mut self) {
        if self.served_since.elapsed() >= SETTLED_AFTER {
            self.next = AGAIN_AFTER_MIN;
        }
    }

    fn take(&mut self) -> Duration {
        let pause = self.next;
        self.next = (pause * 2).min(AGAIN_AFTER_MAX);
        pause
    }
}

/// The server that is ready in the end; None when the launcher is to end, and then nothing runs. `ended` names the server
/// that served before.
pub async fn again(
    launch: &Launch,
    program: impl Fn() -> Result<PathBuf, Failure>,
    orders: &mut Orders,
    pause: &mut Pause,
    ended: &str,
) -> Option<Server> {
    let mut wait = pause.take();
    let mut is_ordered = false;
    loop {
        tokio::select! {
            biased;
            order = orders.recv() => match order {
                Order::Stop => return None,
                Order::Replace => is_ordered = true,
            },
            () = sleep(wait) => {}
        }
        let failure = match program().and_then(|program| Server::start(launch, program)) {
            Ok(mut server) => {
                let attempt = tokio::select! {
                    ready = server.until_ready(launch) => Ok(ready),
                    order = orders.recv() => Err(order),
                };
                match attempt {
                    Ok(Ok(())) => {
                        let how = match is_ordered {
                            true => format!("has replaced {ended}, which had ended"),
                            false => "is ready".to_owned(),
                        };
                        terminal::tell(&format!("{} {how}", server.name()));
                        return Some(server);
                    }
                    Ok(Err(failure)) => {
                        server.kill().await;
                        failure
                    }
                    Err(order) => {
                        server.give_up().await;
                        match order {
                            Order::Stop => return None,
                            Order::Replace => {
                                is_ordered = true;
                                wait = Duration::ZERO;
                                continue;
                            }
                        }
                    }
                }
            }
            Err(failure) => failure,
        };
        wait = pause.take();
        terminal::tell(&format!(
            "error: {}; the next attempt comes in {} ms",
            failure.message(),
            wait.as_millis()
        ));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(start_paused = true)]
    async fn the_pause_doubles_to_its_longest_and_begins_anew_after_a_server_that_settled() {
        let mut pause = Pause::new();
        let taken: Vec<u128> = (0..8).map(|_| pause.take().as_millis()).collect();
        assert_eq!(taken, [100, 200, 400, 800, 1_600, 3_200, 6_400, 10_000]);
        pause.serves();
        pause.ended();
        assert_eq!(pause.take(), AGAIN_AFTER_MAX);
        pause.serves();
        tokio::time::advance(SETTLED_AFTER).await;
        pause.ended();
        assert_eq!(pause.take(), AGAIN_AFTER_MIN);
    }
}
