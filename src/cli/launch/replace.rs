//! One server after another on the same socket. The next is started and prepared while the one before still serves; only
//! then is that one asked to leave. A next one that does not become ready is killed, and the program of the one before
//! started again.

use std::{path::PathBuf, time::Instant};

use super::server::{Launch, Server};
use crate::cli::{failure::Failure, terminal};

/// The server that serves afterwards: the next one, or one of the program before. Errors when neither does.
pub async fn replace(
    launch: &Launch,
    mut before: Server,
    program: PathBuf,
) -> Result<Server, Failure> {
    let began = Instant::now();
    let mut next = match Server::start(launch, program) {
        Ok(next) => next,
        Err(failure) => return Ok(kept(before, &failure)),
    };
    let prepared = tokio::select! {
        prepared = next.until_prepared(launch) => prepared,
        ended = before.ended() => {
            terminal::tell(&ended);
            Ok(())
        }
    };
    if let Err(failure) = prepared {
        next.kill().await;
        return Ok(kept(before, &failure));
    }
    let (old, program) = (before.name(), before.program().to_owned());
    let asked = Instant::now();
    if let Err(failure) = before.stop().await {
        terminal::tell(&format!("error: {}", failure.message()));
    }
    let left_ms = asked.elapsed().as_millis();
    match next.until_ready(launch).await {
        Ok(()) => {
            terminal::tell(&format!(
                "{} has replaced {old}: asked to leave after {} ms, gone {left_ms} ms later, ready {} ms after it was asked",
                next.name(),
                (asked - began).as_millis(),
                asked.elapsed().as_millis(),
            ));
            Ok(next)
        }
        Err(failure) => {
            next.kill().await;
            terminal::tell(&format!(
                "error: {}; going back to {}",
                failure.message(),
                program.display()
            ));
            let server = Server::ready(launch, program).await?;
            terminal::tell(&format!(
                "{} serves again, {} ms after {old} was asked to leave",
                server.name(),
                asked.elapsed().as_millis(),
            ));
            Ok(server)
        }
    }
}

fn kept(before: Server, failure: &Failure) -> Server {
    terminal::tell(&format!(
        "error: {}; {} goes on",
        failure.message(),
        before.name()
    ));
    before
}
