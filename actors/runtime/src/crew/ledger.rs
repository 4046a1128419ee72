//! Everything a crew holds, as one value: tasks waiting, in hand and finished but unacknowledged, and the slots they use.
//! The entries and slots are the truth and survive a death of the desk; order and counts are derived and can be rebuilt.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::notice::{Holding, HoldingState, Offer, OwnerId, Report, TaskKey, WorkerId};
use super::queue::{FairQueue, Waiting};
use crate::alarm::later;
use crate::breaker::Probe;
use crate::pulse::Pulse;

/// The ticket of a slot that nobody has.
const NOBODY: u64 = 0;

pub(super) struct Ledger<T, O> {
    entries: HashMap<TaskKey, Entry<T, O>>,
    queue: FairQueue,
    slots: Vec<Slot>,
    /// Slots without a ticket whose worker may be ready.
    free: VecDeque<usize>,
    /// Slots without a ticket whose worker was found not ready.
    parked: Vec<usize>,
    concurrency: usize,
    ageing: Duration,
    last_seq: u64,
    last_ticket: u64,
    in_hand: usize,
    held: usize,
}

enum Entry<T, O> {
    Queued { offer: Offer<T>, waiting: Waiting },
    InHand { slot: usize },
    Held { owner: OwnerId, report: Report<O> },
}

struct Slot {
    ticket: u64,
    running: Option<Running>,
}

/// A task in hand whose end is open.
pub(super) struct Running {
    pub(super) key: TaskKey,
    pub(super) owner: OwnerId,
    pub(super) worker: WorkerId,
    /// In the queue.
    pub(super) waited: Duration,
    pub(super) started: Instant,
    pub(super) deadline: Instant,
    pub(super) pulse: Arc<Pulse>,
    pub(super) probe: Option<Probe>,
    /// When its progress was last passed on.
    pub(super) shown_at: Option<Instant>,
}

/// A task on its way to a worker.
pub(super) struct HandedOut<T> {
    pub(super) ticket: u64,
    pub(super) pulse: Arc<Pulse>,
    pub(super) offer: Offer<T>,
}

/// What was under a key that its owner withdraws.
pub(super) enum Withdrawn<O> {
    Queued(OwnerId),
    InHand(usize),
    Held(OwnerId, Report<O>),
}

impl<T, O: Clone> Ledger<T, O> {
    pub(super) fn new(workers: u32, concurrency: u32, ageing: Duration) -> Self {
        let slots = workers as usize * concurrency as usize;
        Self {
            entries: HashMap::new(),
            queue: FairQueue::new(ageing),
            slots: (0..slots)
                .map(|_| Slot {
                    ticket: NOBODY,
                    running: None,
                })
                .collect(),
            // The first slot of every worker comes before any second one, so that tasks spread.
            free: spread(workers as usize, concurrency as usize),
            parked: Vec::new(),
            concurrency: concurrency as usize,
            ageing,
            last_seq: 0,
            last_ticket: NOBODY,
            in_hand: 0,
            held: 0,
        }
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }

    pub(super) fn share_queued(&self, share: u64) -> usize {
        self.queue.share_len(share)
    }

    pub(super) fn in_hand(&self) -> usize {
        self.in_hand
    }

    pub(super) fn held(&self) -> usize {
        self.held
    }

    pub(super) fn knows(&self, key: TaskKey) -> bool {
        self.entries.contains_key(&key)
    }

    pub(super) fn worker_of(&self, slot: usize) -> u32 {
        u32::try_from(slot / self.concurrency).expect("slots are counted in u32")
    }

    pub(super) fn admit(&mut self, offer: Offer<T>, now: Instant) {
        self.last_seq += 1;
        let waiting = Waiting {
            key: offer.key,
            seq: self.last_seq,
            since: now,
        };
        self.queue.push(offer.share, offer.priority, waiting);
        self.entries
            .insert(offer.key, Entry::Queued { offer, waiting });
    }

    /// A free slot of a worker that is ready, without taking it.
    pub(super) fn free_slot(&mut self, is_ready: impl Fn(u32) -> bool) -> Option<usize> {
        while let Some(slot) = self.free.front().copied() {
            if is_ready(self.worker_of(slot)) {
                return Some(slot);
            }
            self.free.pop_front();
            self.parked.push(slot);
        }
        None
    }

    /// A worker is ready: its free slots may be given out again.
    pub(super) fn unpark(&mut self, worker: u32) {
        let (first, concurrency) = (worker as usize * self.concurrency, self.concurrency);
        let (free, parked) = (&mut self.free, &mut self.parked);
        parked.retain(|slot| {
            let its = (first..first + concurrency).contains(slot);
            if its {
                free.push_back(*slot);
            }
            !its
        });
    }

    /// Gives the next task in order to the slot at the head of the free ones.
    pub(super) fn hand_out(
        &mut self,
        generation: u64,
        probe: Option<Probe>,
        now: Instant,
    ) -> Option<HandedOut<T>> {
        let slot = *self.free.front()?;
        let index = self.worker_of(slot);
        let entries = &self.entries;
        let waiting = self
            .queue
            .pop(now, |waiting| is_waiting(entries, waiting))?;
        let entry = self.entries.get_mut(&waiting.key)?;
        let Entry::Queued { offer, .. } = std::mem::replace(entry, Entry::InHand { slot }) else {
            unreachable!("the queue gave out a task that does not wait");
        };
        self.free.pop_front();
        self.last_ticket += 1;
        self.in_hand += 1;
        let pulse = Pulse::new(now);
        self.slots[slot] = Slot {
            ticket: self.last_ticket,
            running: Some(Running {
                key: offer.key,
                owner: offer.owner,
                worker: WorkerId { index, generation },
                waited: now.saturating_duration_since(waiting.since),
                started: now,
                deadline: later(now, offer.timeout),
                pulse: pulse.clone(),
                probe,
                shown_at: None,
            }),
        };
        Some(HandedOut {
            ticket: self.last_ticket,
            pulse,
            offer,
        })
    }

    pub(super) fn ticket(&self, slot: usize) -> u64 {
        self.slots[slot].ticket
    }

    pub(super) fn running(&mut self, slot: usize) -> Option<&mut Running> {
        self.slots[slot].running.as_mut()
    }

    pub(super) fn slots(&self) -> usize {
        self.slots.len()
    }

    /// Takes the task of a slot whose end is now decided; the slot stays taken until its worker gives it back.
    pub(super) fn decide(&mut self, slot: usize) -> Option<Running> {
        let running = self.slots[slot].running.take()?;
        self.in_hand -= 1;
        Some(running)
    }

    pub(super) fn hold(&mut self, owner: OwnerId, report: Report<O>) {
        self.held += 1;
        let key = report.key;
        if let Some(Entry::Held { .. }) = self.entries.insert(key, Entry::Held { owner, report }) {
            self.held -= 1;
        }
    }

    /// The worker gave a slot back; false when it is somebody else's by now.
    pub(super) fn give_back(&mut self, slot: usize, ticket: u64) -> bool {
        if self.slots[slot].ticket != ticket {
            return false;
        }
        self.slots[slot].ticket = NOBODY;
        self.free.push_back(slot);
        true
    }

    pub(super) fn acknowledge(&mut self, key: TaskKey) {
        if let Some(Entry::Held { .. }) = self.entries.get(&key) {
            self.entries.remove(&key);
            self.held -= 1;
        }
    }

    /// Looks under a key; what was queued is taken out.
    pub(super) fn withdraw(&mut self, key: TaskKey) -> Option<Withdrawn<O>> {
        match self.entries.get(&key)? {
            Entry::Held { owner, report } => Some(Withdrawn::Held(*owner, report.clone())),
            Entry::InHand { slot } => Some(Withdrawn::InHand(*slot)),
            Entry::Queued { offer, .. } => {
                let (owner, share) = (offer.owner, offer.share.class);
                self.entries.remove(&key);
                let entries = &self.entries;
                self.queue
                    .withdraw(share, |waiting| is_waiting(entries, waiting));
                Some(Withdrawn::Queued(owner))
            }
        }
    }

    /// Takes out every waiting task, in order.
    pub(super) fn take_queued(&mut self, now: Instant) -> Vec<(TaskKey, OwnerId)> {
        let mut taken = Vec::with_capacity(self.queue.len());
        loop {
            let entries = &self.entries;
            let Some(waiting) = self.queue.pop(now, |waiting| is_waiting(entries, waiting)) else {
                return taken;
            };
            if let Some(Entry::Queued { offer, .. }) = self.entries.remove(&waiting.key) {
                taken.push((offer.key, offer.owner));
            }
        }
    }

    /// What is held of one owner, with its finished reports.
    pub(super) fn of_owner(&self, owner: OwnerId) -> (Vec<Holding>, Vec<Report<O>>) {
        let mut holdings = Vec::new();
        let mut reports = Vec::new();
        for (key, entry) in &self.entries {
            let state = match entry {
                Entry::Queued { offer, .. } if offer.owner == owner => HoldingState::Queued,
                Entry::Held {
                    owner: whose,
                    report,
                } if *whose == owner => {
                    reports.push(report.clone());
                    HoldingState::Held
                }
                Entry::InHand { slot } => match &self.slots[*slot].running {
                    Some(running) if running.owner == owner => HoldingState::InHand(running.worker),
                    _ => continue,
                },
                Entry::Queued { .. } | Entry::Held { .. } => continue,
            };
            holdings.push(Holding { key: *key, state });
        }
        (holdings, reports)
    }

    /// Derives order, counts and free slots anew from entries and slots, which a panic may have left between two steps.
    pub(super) fn rebuild(&mut self) {
        let slots = &self.slots;
        self.entries.retain(|key, entry| match entry {
            Entry::InHand { slot } => slots[*slot]
                .running
                .as_ref()
                .is_some_and(|running| running.key == *key),
            Entry::Queued { .. } | Entry::Held { .. } => true,
        });
        let mut queue = FairQueue::new(self.ageing);
        let mut queued: Vec<_> = self
            .entries
            .values()
            .filter_map(|entry| match entry {
                Entry::Queued { offer, waiting } => Some((*waiting, offer.share, offer.priority)),
                Entry::InHand { .. } | Entry::Held { .. } => None,
            })
            .collect();
        queued.sort_unstable_by_key(|(waiting, _, _)| waiting.seq);
        for (waiting, share, priority) in queued {
            queue.push(share, priority, waiting);
        }
        self.queue = queue;
        self.in_hand = self
            .slots
            .iter()
            .filter(|slot| slot.running.is_some())
            .count();
        let held = |entry: &&Entry<T, O>| matches!(entry, Entry::Held { .. });
        self.held = self.entries.values().filter(held).count();
        let workers = self.slots.len() / self.concurrency.max(1);
        self.parked.clear();
        self.free = spread(workers, self.concurrency);
        let slots = &self.slots;
        self.free.retain(|slot| slots[*slot].ticket == NOBODY);
    }
}

fn spread(workers: usize, concurrency: usize) -> VecDeque<usize> {
    (0..concurrency)
        .flat_map(|place| (0..workers).map(move |worker| worker * concurrency + place))
        .collect()
}

fn is_waiting<T, O>(entries: &HashMap<TaskKey, Entry<T, O>>, candidate: &Waiting) -> bool {
    matches!(
        entries.get(&candidate.key),
        Some(Entry::Queued { waiting, .. }) if waiting.seq == candidate.seq
    )
}
