//! What a launcher is asked by signal. Orders that come while one is carried out wait; several of a kind are one.

use tokio::signal::unix::{Signal, SignalKind, signal};

use crate::cli::failure::Failure;

pub enum Order {
    Replace,
    Stop,
}

pub struct Orders {
    hangup: Signal,
    terminate: Signal,
    interrupt: Signal,
}

impl Orders {
    pub fn listen() -> Result<Self, Failure> {
        Ok(Self {
            hangup: signal(SignalKind::hangup())?,
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    pub async fn recv(&mut self) -> Order {
        tokio::select! {
            biased;
            _ = self.terminate.recv() => Order::Stop,
            _ = self.interrupt.recv() => Order::Stop,
            _ = self.hangup.recv() => Order::Replace,
        }
    }

    /// Resolves when the launcher is to end; an order to replace waits.
    pub async fn stop(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}
