//! When and how the process ends.

use std::{
    future::Future,
    time::{Duration, Instant},
};

use actix_web::dev::ServerHandle;
use anyhow::Context;
use tokio::{
    signal::unix::{Signal, SignalKind, signal},
    sync::watch,
    time::{sleep, timeout},
};

use crate::{boot::Instance, http::Departure};

/// From the order to stop accepting until the acceptor has obeyed and what it had accepted is with its worker: neither
/// tells of it, and a connection on its way there when the workers stop is dropped.
const ACCEPT_SETTLE: Duration = Duration::from_millis(20);
/// Time in which every client that is at work asks again on its connection and is told that it closes.
const KEEP_ALIVE_GRACE: Duration = Duration::from_millis(200);
/// Time for the workers to close idle connections. What is asked on one before that is answered.
const CLOSING_GRACE: Duration = Duration::from_millis(100);
/// Time from one answer to a request in hand to the next, once waiting ones are answered and streams are closed. Nobody
/// answers new ones meanwhile.
const NEXT_ANSWER_GRACE: Duration = Duration::from_secs(2);
/// Time for all of those answers, of a server that has more to do than it can.
const ANSWERS_GRACE: Duration = Duration::from_secs(15);
/// Time for clients to take answers that are made, after the store is given up.
pub const LAST_BYTES_GRACE: Duration = Duration::from_secs(5);
/// A server that has not ended this long after the order to leave is killed by its launcher.
pub const LEAVE_MAX: Duration = Duration::from_secs(60);
/// Of it, time to stop the tree and to close the store.
const CLOSE_SPARE: Duration = Duration::from_secs(9);
/// Longest `server.handover_grace`: what the others leave of `LEAVE_MAX`.
pub const HANDOVER_GRACE_MAX: Duration = Duration::from_secs(30);
const _: () = assert!(
    ACCEPT_SETTLE
        .saturating_add(KEEP_ALIVE_GRACE)
        .saturating_add(CLOSING_GRACE)
        .saturating_add(ANSWERS_GRACE)
        .saturating_add(HANDOVER_GRACE_MAX)
        .saturating_add(LAST_BYTES_GRACE)
        .saturating_add(CLOSE_SPARE)
        .as_millis()
        <= LEAVE_MAX.as_millis()
);

/// Why the process should end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reason {
    /// SIGTERM or SIGINT.
    Asked,
    /// Supervision gave up at the root.
    Escalated(String),
    /// Another process has taken the store.
    Fenced,
}

/// SIGTERM and SIGINT.
pub struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub fn listen() -> anyhow::Result<Self> {
        Ok(Self {
            terminate: signal(SignalKind::terminate()).context("listen for SIGTERM")?,
            interrupt: signal(SignalKind::interrupt()).context("listen for SIGINT")?,
        })
    }

    pub async fn recv(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }

    /// Resolves with the first reason to end.
    pub async fn reason(&mut self, instance: &Instance) -> Reason {
        let (mut escalated, mut fenced) = (instance.universe.escalated(), instance.fenced.clone());
        tokio::select! {
            () = self.recv() => Reason::Asked,
            given_up = escalated.wait_for(Option::is_some) => {
                let why = given_up.ok().and_then(|why| why.clone());
                Reason::Escalated(why.unwrap_or_else(|| "the supervision tree is gone".to_owned()))
            }
            Ok(_) = fenced.wait_for(|fenced| *fenced) => Reason::Fenced,
        }
    }

    /// Runs an orderly end; a second signal ends the process at once, which equals a crash and is as safe.
    pub async fn or_at_once<T>(&mut self, end: impl Future<Output = T>) -> T {
        tokio::select! {
            ended = end => ended,
            () = self.recv() => {
                tracing::warn!("second signal: ending at once");
                std::process::exit(130)
            }
        }
    }
}

/// Leaves the listening socket to whoever else has it, answers what is in hand, and drains the house with `grace`. When
/// it returns nobody needs the store, or has had the time for it; connections may still have bytes to take. A request that
/// comes on a connection that is open is answered, or finds it closed, or is told over HTTP/2 that it is late.
pub async fn hand_over(
    instance: &Instance,
    server: &ServerHandle,
    departure: &Departure,
    drain: &watch::Sender<bool>,
    grace: Duration,
) {
    let began = Instant::now();
    server.pause().await;
    departure.begin();
    sleep(ACCEPT_SETTLE).await;
    // Late are idle connections, which are closed next, and streams.
    let _ = timeout(KEEP_ALIVE_GRACE, departure.connections_closed()).await;
    let told_ms = began.elapsed().as_millis();
    let stopped = server.stop(true);
    drain.send_replace(true);
    let _ = timeout(CLOSING_GRACE, departure.connections_closed()).await;
    departure.take_no_more();
    let answered = departure.requests_answered(NEXT_ANSWER_GRACE);
    if timeout(ANSWERS_GRACE, answered).await != Ok(true) {
        tracing::warn!("requests are left unanswered");
    }
    let answered_ms = began.elapsed().as_millis();
    instance.house.coordinator.drain(grace).await;
    let drained_ms = began.elapsed().as_millis();
    tracing::info!(
        told_ms,
        answered_ms,
        drained_ms,
        "drained for another process"
    );
    // It would be waited for in steps of a second.
    drop(stopped);
}
