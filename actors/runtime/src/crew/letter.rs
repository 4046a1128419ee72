//! The messages between a crew's handle, its desk and its workers.

use std::sync::Arc;

use actix::{Addr, Message};
use tokio::sync::oneshot;

use super::desk::Desk;
use super::intervention::{Intervention, Told};
use super::notice::{Fault, Holding, Notice, Offer, OwnerId, TaskKey};
use crate::pulse::Pulse;
use crate::work::ProgressLine;

pub(super) type Sink<O> = Arc<dyn Fn(Notice<O>) + Send + Sync>;

/// To the desk.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Letter<T: Send + 'static, O: Clone + Send + 'static> {
    Enrol(OwnerId, Sink<O>),
    Offer(Offer<T>),
    Acknowledge(TaskKey),
    Withdraw(TaskKey),
    Holdings(OwnerId, oneshot::Sender<Vec<Holding>>),
    /// What an operator asks for, why, and who is to be told once it has come about.
    Intervene(Intervention, Arc<str>, Option<oneshot::Sender<()>>),
    Drain(oneshot::Sender<()>),
    /// Hands out and accepts nothing more.
    Close,
    /// A worker has an instance and serves.
    Ready(u32),
    /// A slot comes back, with how its task ended unless the desk has already decided that.
    Returned {
        slot: usize,
        ticket: u64,
        outcome: Result<O, Fault>,
    },
    Progressed {
        slot: usize,
        ticket: u64,
    },
}

/// To a worker.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) enum Command<T: Send + 'static, O: Clone + Send + 'static> {
    Perform(Assignment<T, O>),
    /// Drop the future of this task; its end has been decided.
    Abort {
        ticket: u64,
    },
    /// Replace the instance; tasks in hand go on with the old one.
    Renew {
        cause: Arc<str>,
        told: Told,
    },
    /// Look at what has changed.
    Wake,
}

/// One task for one slot of a worker.
pub(super) struct Assignment<T: Send + 'static, O: Clone + Send + 'static> {
    pub(super) key: TaskKey,
    pub(super) task: T,
    pub(super) in_hand: InHand<T, O>,
}

/// The way to a crew's desk. Sending never waits and fails only after the crew has ended.
pub(super) struct Line<T: Send + 'static, O: Clone + Send + 'static>(pub(super) Addr<Desk<T, O>>);

impl<T: Send + 'static, O: Clone + Send + 'static> Line<T, O> {
    pub(super) fn send(&self, letter: Letter<T, O>) {
        // After the end of the crew nobody waits for an answer.
        let _ = self.0.try_send(letter);
    }
}

impl<T: Send + 'static, O: Clone + Send + 'static> ProgressLine for Line<T, O> {
    fn progressed(&self, slot: usize, ticket: u64) {
        self.send(Letter::Progressed { slot, ticket });
    }
}

/// A taken slot. It goes back to the desk exactly once: with an outcome, or as lost when this is dropped without one.
pub(super) struct InHand<T: Send + 'static, O: Clone + Send + 'static> {
    pub(super) slot: usize,
    pub(super) ticket: u64,
    pub(super) pulse: Arc<Pulse>,
    pub(super) line: Arc<Line<T, O>>,
    returned: bool,
}

impl<T: Send + 'static, O: Clone + Send + 'static> InHand<T, O> {
    pub(super) fn new(slot: usize, ticket: u64, pulse: Arc<Pulse>, line: Arc<Line<T, O>>) -> Self {
        Self {
            slot,
            ticket,
            pulse,
            line,
            returned: false,
        }
    }

    pub(super) fn finish(mut self, outcome: Result<O, Fault>) {
        self.give_back(outcome);
    }

    fn give_back(&mut self, outcome: Result<O, Fault>) {
        self.returned = true;
        self.line.send(Letter::Returned {
            slot: self.slot,
            ticket: self.ticket,
            outcome,
        });
    }
}

impl<T: Send + 'static, O: Clone + Send + 'static> Drop for InHand<T, O> {
    fn drop(&mut self) {
        if !self.returned {
            self.give_back(Err(match self.pulse.is_aborted() {
                true => Fault::Aborted,
                false => Fault::WorkerLost,
            }));
        }
    }
}
