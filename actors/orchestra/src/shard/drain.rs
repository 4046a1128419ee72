//! The orderly end: nothing new goes out, what is in hand gets its grace, the rest goes back to the journal.

use tokio::sync::oneshot;

use super::{Shard, dispatch::key_of};

#[derive(Default)]
pub(super) enum Drain {
    #[default]
    Off,
    On {
        reply: Option<oneshot::Sender<()>>,
    },
}

impl Drain {
    pub(super) const fn is_on(&self) -> bool {
        matches!(self, Self::On { .. })
    }
}

impl Shard {
    pub(super) fn start_drain(&mut self, reply: oneshot::Sender<()>) {
        self.drain = Drain::On { reply: Some(reply) };
        self.withdraw(|worker| worker.is_none());
    }

    pub(super) fn release_held(&mut self) {
        self.withdraw(|_| true);
    }

    /// Takes back what crews hold; each comes back as aborted and is journaled as released.
    fn withdraw(&mut self, which: impl Fn(Option<u32>) -> bool) {
        for (id, live) in &self.jobs {
            for (task, held) in live.held.iter().filter(|(_, held)| which(held.worker)) {
                let role = &live.job.tasks[task.index()].entry.role;
                self.desk.crews[role].withdraw(key_of(*id, *task, held.attempt));
            }
        }
    }

    pub(super) fn answer_drain(&mut self) {
        let Drain::On { reply } = &mut self.drain else {
            return;
        };
        if reply.is_none()
            || self
                .jobs
                .values()
                .any(|live| !live.held.is_empty() || live.has_pending())
        {
            return;
        }
        if let Some(reply) = reply.take() {
            // Err means that nobody waits for the drain any more.
            let _ = reply.send(());
        }
    }
}
