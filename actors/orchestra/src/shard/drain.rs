//! The orderly end: nothing new goes out, what is in hand gets its grace, the rest goes back to the journal.

use std::sync::atomic::Ordering;

use tokio::sync::oneshot;

use super::Shard;
use crate::id::JobId;

/// Who waits until nothing is in hand and everything appended is committed.
#[derive(Default)]
pub(super) struct Drain {
    reply: Option<oneshot::Sender<()>>,
    /// A job that had something in hand or on its way when last looked at: while it has, no other need be.
    busy: Option<JobId>,
}

impl Shard {
    pub(super) fn is_draining(&self) -> bool {
        self.ports.draining.load(Ordering::Acquire)
    }

    pub(super) fn start_drain(&mut self, reply: oneshot::Sender<()>) {
        self.drain.reply = Some(reply);
        self.withdraw(|worker| worker.is_none());
        for id in self.jobs.keys().copied().collect::<Vec<_>>() {
            self.release_unoffered(id);
        }
    }

    pub(super) fn release_held(&mut self) {
        self.withdraw(|_| true);
    }

    /// Takes back what crews hold; each comes back as aborted and is journaled as released.
    fn withdraw(&mut self, which: impl Fn(Option<u32>) -> bool) {
        for live in self.jobs.values() {
            for (task, held) in &live.held {
                if held.starting.is_none() && which(held.worker) {
                    self.take_back(&live.job, *task, held);
                }
            }
        }
    }

    pub(super) fn answer_drain(&mut self) {
        if self.drain.reply.is_none() || self.drain.busy.is_some_and(|id| self.is_busy(id)) {
            return;
        }
        self.drain.busy = self.jobs.keys().copied().find(|id| self.is_busy(*id));
        if self.drain.busy.is_none()
            && self.reloading.is_empty()
            && let Some(reply) = self.drain.reply.take()
        {
            // Err means that nobody waits for the drain any more.
            let _ = reply.send(());
        }
    }

    fn is_busy(&self, id: JobId) -> bool {
        self.jobs
            .get(&id)
            .is_some_and(|live| !live.held.is_empty() || live.has_pending())
    }
}
