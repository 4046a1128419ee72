//! When and how the process ends.

use std::future::Future;

use anyhow::Context;
use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::boot::Instance;

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
