//! What a desk does because time has passed: deadlines, heartbeats, progress held back, the end of a cooldown.
//! All of it is read from the ledger and the breaker, so that a desk which died finds it again.

use std::time::Duration;

use actix::Context;
use tokio::time::Instant;

use super::desk::Desk;
use super::ledger::Running;
use super::notice::{Fault, Notice};
use crate::alarm::{Alarmed, later};
use crate::event::{Detail, EventKind};

/// The least time between two notices of progress of one task.
const PROGRESS_EVERY: Duration = Duration::from_millis(100);

impl<T: Send + 'static, O: Clone + Send + 'static> Desk<T, O> {
    /// Does what is due and finds out when the next thing is.
    pub(super) fn on_time(&mut self, now: Instant) {
        self.alarm_at = None;
        let change = self.breaker.tick(now);
        self.breaker_changed(change, now);
        if let Some(due) = self.breaker.due() {
            self.wake_at(due);
        }
        for slot in 0..self.ledger.slots() {
            self.look_after(slot, now);
        }
        self.settle(now);
    }

    fn look_after(&mut self, slot: usize, now: Instant) {
        let heartbeat = self.spec.heartbeat;
        let Some(running) = self.ledger.running(slot) else {
            return;
        };
        let silent_at = heartbeat.map(|heartbeat| later(running.pulse.last_beat(), heartbeat));
        let (task, cut) = if running.deadline <= now {
            (running.key, Some((Fault::Timeout, EventKind::TimedOut)))
        } else if silent_at.is_some_and(|at| at <= now) {
            (running.key, Some((Fault::Stalled, EventKind::Stalled)))
        } else {
            (running.key, None)
        };
        if let Some((fault, kind)) = cut {
            let worker = running.worker;
            match fault {
                Fault::Timeout => self.gauge.timed_out(),
                _ => self.gauge.stalled(),
            }
            let detail = Detail::generation(worker.generation).task(task);
            self.link.publish_of_worker(kind, worker.index, detail);
            self.cut_short(slot, fault, now);
            return;
        }
        let deadline = running.deadline;
        let (index, beat) = (running.worker.index, running.pulse.last_beat());
        let has_progress = running.pulse.has_progress();
        self.gauge.sign_of_life(index, beat);
        self.wake_at(silent_at.map_or(deadline, |at| at.min(deadline)));
        if has_progress {
            self.show_progress(slot, now);
        }
    }

    /// Passes progress on, or sees to it that this happens when it may.
    pub(super) fn show_progress(&mut self, slot: usize, now: Instant) {
        let Some(running) = self.ledger.running(slot) else {
            return;
        };
        let at = earliest(running);
        if at.is_some_and(|at| at > now) {
            at.into_iter().for_each(|at| self.wake_at(at));
            return;
        }
        let Some((done, total)) = running.pulse.take_progress() else {
            return;
        };
        running.shown_at = Some(now);
        let (key, owner, index) = (running.key, running.owner, running.worker.index);
        self.gauge.sign_of_life(index, now);
        self.tell(owner, Notice::Progress { key, done, total });
    }
}

fn earliest(running: &Running) -> Option<Instant> {
    running.shown_at.map(|shown| shown + PROGRESS_EVERY)
}

impl<T: Send + 'static, O: Clone + Send + 'static> Alarmed for Desk<T, O> {
    fn alarm(&mut self) -> Option<Instant> {
        self.alarm_at
    }

    fn ring(&mut self, now: Instant, _: &mut Context<Self>) {
        self.on_time(now);
    }
}
