//! The address of a resident: it stays the same over every rebuild.

use std::fmt;
use std::time::Duration;

use actix::{Message, Recipient};
use tokio::sync::oneshot;
use tokio::time::timeout;

/// The actor has ended and will not come back.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the actor has ended")]
pub struct Closed;

/// Why a question has no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AskError {
    #[error("the actor has ended")]
    Closed,
    /// The actor died or dropped the question; it may have acted on it.
    #[error("the question was lost")]
    Lost,
    /// No answer within the deadline; it may still act on it.
    #[error("no answer within the deadline")]
    Timeout,
}

#[derive(Message)]
#[rtype(result = "()")]
pub(crate) struct Told<M: Send>(pub(crate) M);

/// Sends messages to one resident, from any thread.
pub struct Handle<M: Send + 'static> {
    recipient: Recipient<Told<M>>,
}

impl<M: Send + 'static> Handle<M> {
    pub(crate) fn new(recipient: Recipient<Told<M>>) -> Self {
        Self { recipient }
    }

    /// Queues a message. It never waits: the sender answers for the bound. Messages of one sender keep their order.
    pub fn tell(&self, message: M) -> Result<(), Closed> {
        self.recipient.try_send(Told(message)).map_err(|_| Closed)
    }

    /// Sends a message that carries the way to answer it, and waits for the answer at most `deadline`.
    pub async fn ask<T: Send + 'static>(
        &self,
        deadline: Duration,
        message: impl FnOnce(oneshot::Sender<T>) -> M,
    ) -> Result<T, AskError> {
        let (answer, answered) = oneshot::channel();
        self.tell(message(answer))
            .map_err(|Closed| AskError::Closed)?;
        wait_for(deadline, answered).await
    }
}

pub(crate) async fn wait_for<T>(
    deadline: Duration,
    answered: oneshot::Receiver<T>,
) -> Result<T, AskError> {
    match timeout(deadline, answered).await {
        Ok(Ok(answer)) => Ok(answer),
        Ok(Err(_)) => Err(AskError::Lost),
        Err(_) => Err(AskError::Timeout),
    }
}

impl<M: Send + 'static> Clone for Handle<M> {
    fn clone(&self) -> Self {
        Self {
            recipient: self.recipient.clone(),
        }
    }
}

impl<M: Send + 'static> fmt::Debug for Handle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Handle").finish_non_exhaustive()
    }
}
