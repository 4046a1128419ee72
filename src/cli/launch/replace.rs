//! One server after another on the same socket. The next is started and prepared while the one before still serves; only
//! then is that one asked to leave. A next one that does not become ready is killed, and the program of the one before
//! started again.

use std::{path::PathBuf, time::Instant};

use super::{
    orders::Orders,
    server::{Launch, Server},
};
use crate::cli::{failure::Failure, terminal};

/// What came of a replacement.
pub enum Replaced {
    /// By the next server, or one of the program before.
    Serves(Box<Server>),
    /// The launcher is to end, and nothing runs.
    Stopped(Result<(), Failure>),
    /// Neither program serves; the name of the server that did.
    Lost(String),
}

pub async fn replace(
    launch: &Launch,
    mut before: Server,
    program: PathBuf,
    orders: &mut Orders,
) -> Replaced {
    let began = Instant::now();
    let mut next = match Server::start(launch, program) {
        Ok(next) => next,
        Err(failure) => return kept(before, &failure),
    };
    let prepared = tokio::select! {
        prepared = next.until_prepared(launch) => prepared,
        ended = before.ended() => {
            terminal::tell(&ended);
            Ok(())
        }
        () = orders.stop() => {
            next.give_up().await;
            return Replaced::Stopped(before.stop().await);
        }
    };
    if let Err(failure) = prepared {
        next.kill().await;
        return kept(before, &failure);
    }
    let (old, program) = (before.name(), before.program().to_owned());
    let asked = Instant::now();
    if let Err(failure) = before.stop().await {
        terminal::tell(&format!("error: {}", failure.message()));
    }
    let left_ms = asked.elapsed().as_millis();
    let ready = tokio::select! {
        ready = next.until_ready(launch) => ready,
        () = orders.stop() => {
            next.give_up().await;
            return Replaced::Stopped(Ok(()));
        }
    };
    match ready {
        Ok(()) => {
            terminal::tell(&format!(
                "{} has replaced {old}: asked to leave after {} ms, gone {left_ms} ms later, ready {} ms after it was asked",
                next.name(),
                (asked - began).as_millis(),
                asked.elapsed().as_millis(),
            ));
            Replaced::Serves(Box::new(next))
        }
        Err(failure) => {
            next.kill().await;
            terminal::tell(&format!(
                "error: {}; going back to {}",
                failure.message(),
                program.display()
            ));
            match Server::ready(launch, program, orders).await {
                Ok(Some(server)) => {
                    terminal::tell(&format!(
                        "{} serves again, {} ms after {old} was asked to leave",
                        server.name(),
                        asked.elapsed().as_millis(),
                    ));
                    Replaced::Serves(Box::new(server))
                }
                Ok(None) => Replaced::Stopped(Ok(())),
                Err(failure) => {
                    let message = failure.message();
                    terminal::tell(&format!("error: {message}; no program serves"));
                    Replaced::Lost(old)
                }
            }
        }
    }
}

fn kept(before: Server, failure: &Failure) -> Replaced {
    terminal::tell(&format!(
        "error: {}; {} goes on",
        failure.message(),
        before.name()
    ));
    Replaced::Serves(Box::new(before))
}
