//! What a resident may ask of the runtime while it handles a message.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::rc::Rc;
use std::time::Duration;

use actix::{Message, Recipient};
use futures_util::FutureExt;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Resident;
use super::timer::{Timer, Timers};
use crate::alarm::later;
use crate::event::{Detail, EventKind};
use crate::exit::{self, SCOPE, Scope};
use crate::handle::Handle;
use crate::tree::ChildLink;

/// A task spawned by the resident panicked.
#[derive(Message)]
#[rtype(result = "()")]
pub(super) struct TaskPanicked(pub(super) String);

/// Given to every call of a [`Resident`].
pub struct ResidentContext<R: Resident> {
    pub(super) handle: Handle<R::Message>,
    pub(super) incarnation: u64,
    pub(super) timers: Rc<Timers<R::Message>>,
    pub(super) stopping: bool,
    pub(super) scope: Scope,
    pub(super) link: ChildLink,
    pub(super) panicked: Recipient<TaskPanicked>,
    /// Cancelled when the resident has ended for good.
    pub(super) ended: CancellationToken,
}

impl<R: Resident> ResidentContext<R> {
    /// The address of this resident.
    pub fn handle(&self) -> Handle<R::Message> {
        self.handle.clone()
    }

    /// 1 for the first instance, one more at each rebuild.
    pub fn incarnation(&self) -> u64 {
        self.incarnation
    }

    /// Path of this resident in the tree.
    pub fn node(&self) -> &str {
        &self.link.subject.node
    }

    /// Publishes that what must never be has come to be. The caller logs it.
    pub fn invariant_broken(&self, what: impl Into<String>) {
        let detail = Detail::generation(self.incarnation).cause(what);
        self.link.publish(EventKind::InvariantBroken, detail);
    }

    /// Delivers `message` to this instance after `delay`, unless the timer is cancelled or the instance replaced before.
    pub fn after(&mut self, delay: Duration, message: R::Message) -> Timer {
        self.timers.add(later(Instant::now(), delay), message)
    }

    /// Runs a future on this arbiter beside the mailbox. It survives the instance and ends with the resident at the
    /// latest; a panic in it counts as a death of this child.
    pub fn spawn(&mut self, future: impl Future<Output = ()> + 'static) {
        let panicked = self.panicked.clone();
        let ended = self.ended.clone();
        actix::spawn(SCOPE.scope(self.scope.clone(), async move {
            let guarded = AssertUnwindSafe(future).catch_unwind();
            if let Some(Err(payload)) = ended.run_until_cancelled(guarded).await {
                // A resident that has ended no longer counts its deaths.
                let _ = panicked.try_send(TaskPanicked(exit::text(&*payload)));
            }
        }));
    }

    /// Ends this resident after the current message; its restart policy decides whether it is built again.
    pub fn stop(&mut self) {
        self.stopping = true;
    }
}
