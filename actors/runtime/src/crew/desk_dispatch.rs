//! How a desk gives out its tasks: one to each free slot of a ready worker, as the breaker lets them pass.

use tokio::time::Instant;

use super::desk::Desk;
use super::ledger::HandedOut;
use super::letter::{Assignment, Command, InHand};
use super::notice::{Notice, Refusal, WorkerId};
use super::spec::OnOpen;
use crate::alarm::later;
use crate::breaker::{Change, Gate, Probe};
use crate::event::{Detail, EventKind};

impl<T: Send + 'static, O: Clone + Send + 'static> Desk<T, O> {
    pub(super) fn breaker_changed(&mut self, change: Option<Change>, now: Instant) {
        let Some(change) = change else { return };
        let (kind, detail) = match change {
            Change::Opened { cooldown } => {
                (EventKind::BreakerOpened, Detail::default().delay(cooldown))
            }
            Change::HalfOpened => (EventKind::BreakerHalfOpen, Detail::default()),
            Change::Closed => (EventKind::BreakerClosed, Detail::default()),
        };
        let (state, cooldown, due) = (
            self.breaker.state(),
            self.breaker.cooldown(),
            self.breaker.due(),
        );
        self.gauge.set_breaker(state, cooldown, due);
        self.link.publish(kind, detail);
        if let Some(due) = due {
            self.wake_at(due);
        }
        if let (Change::Opened { cooldown }, OnOpen::FailFast) = (change, self.spec.on_open) {
            let refusal = Refusal::BreakerOpen {
                retry_after: cooldown,
            };
            for (key, owner) in self.ledger.take_queued(now) {
                self.tell(owner, Notice::Refused { key, refusal });
            }
        }
    }

    /// Hands out as much as there is and may be.
    pub(super) fn pump(&mut self, now: Instant) {
        while !self.paused && !self.closed && self.ledger.queued() > 0 {
            let gauge = &self.gauge;
            let Some(slot) = self
                .ledger
                .free_slot(|worker| gauge.worker(worker).is_ready())
            else {
                return;
            };
            let probe = match self.breaker.gate(now) {
                Gate::Pass => None,
                Gate::Probe(probe) => Some(probe),
                Gate::Shut { .. } => return,
            };
            self.hand_out(slot, probe, now);
        }
    }

    fn hand_out(&mut self, slot: usize, probe: Option<Probe>, now: Instant) {
        let index = self.ledger.worker_of(slot);
        let generation = self.gauge.worker(index).generation();
        let Some(HandedOut {
            ticket,
            pulse,
            offer,
        }) = self.ledger.hand_out(generation, probe, now)
        else {
            return;
        };
        self.gauge.worker(index).takes_one();
        self.gauge.sign_of_life(index, now);
        self.wake_at(later(now, offer.timeout));
        if let Some(heartbeat) = self.spec.heartbeat {
            self.wake_at(later(now, heartbeat));
        }
        let (key, owner) = (offer.key, offer.owner);
        let assignment = Assignment {
            key,
            task: offer.task,
            in_hand: InHand::new(slot, ticket, pulse, self.line.clone()),
        };
        let worker = WorkerId { index, generation };
        self.tell(owner, Notice::Started { key, worker });
        // A worker that has ended drops the assignment, which gives the slot back as lost.
        let _ = self.workers[index as usize].try_send(Command::Perform(assignment));
    }
}
