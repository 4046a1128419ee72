//! What a worker's shell shares with the tasks it runs: the instance, what is in hand, and what follows from a panic.

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;

use actix::Recipient;
use tokio::task::AbortHandle;
use tokio::time::Instant;

use super::letter::Command;
use super::notice::TaskKey;
use super::spec::CrewSpec;
use super::vitals::{CrewGauge, WorkerGauge};
use crate::alarm::later;
use crate::child::Backoff;
use crate::event::{Detail, EventKind};
use crate::exit::shielded;
use crate::metrics;
use crate::pulse::Pulse;
use crate::tree::ChildLink;
use crate::work::Work;

pub(super) struct WorkerCore<W: Work> {
    index: u32,
    backoff: Backoff,
    abort_inflight: bool,
    pub(super) gauge: Arc<CrewGauge>,
    pub(super) link: ChildLink,
    wake: Recipient<Command<W::Task, W::Output>>,
    instance: RefCell<Option<Rc<W>>>,
    generation: Cell<u64>,
    panics_in_a_row: Cell<u32>,
    /// When the next instance is to be built.
    pub(super) rebuild_at: Cell<Option<Instant>>,
    in_hand: RefCell<Vec<InHandTask>>,
    /// Ends when nothing is in hand.
    pub(super) halting: Cell<bool>,
}

struct InHandTask {
    ticket: u64,
    generation: u64,
    pulse: Arc<Pulse>,
    abort: AbortHandle,
}

impl<W: Work> WorkerCore<W> {
    pub(super) fn new(
        spec: &CrewSpec,
        index: u32,
        gauge: Arc<CrewGauge>,
        link: ChildLink,
        wake: Recipient<Command<W::Task, W::Output>>,
    ) -> Rc<Self> {
        Rc::new(Self {
            index,
            backoff: spec.backoff,
            abort_inflight: spec.abort_inflight,
            gauge,
            link,
            wake,
            instance: RefCell::new(None),
            generation: Cell::new(0),
            panics_in_a_row: Cell::new(0),
            rebuild_at: Cell::new(None),
            in_hand: RefCell::new(Vec::with_capacity(spec.concurrency as usize)),
            halting: Cell::new(false),
        })
    }

    pub(super) fn instance(&self) -> Option<(Rc<W>, u64)> {
        let instance = self.instance.borrow().clone()?;
        Some((instance, self.generation.get()))
    }

    pub(super) fn install(&self, instance: W) {
        self.discard();
        self.rebuild_at.set(None);
        self.generation.set(self.link.built());
        *self.instance.borrow_mut() = Some(Rc::new(instance));
        self.gauge().ready();
    }

    pub(super) fn discard(&self) {
        let old = self.instance.borrow_mut().take();
        shielded("the end of an instance", || drop(old));
    }

    pub(super) fn begun(
        &self,
        ticket: u64,
        generation: u64,
        pulse: Arc<Pulse>,
        abort: AbortHandle,
    ) {
        self.in_hand.borrow_mut().push(InHandTask {
            ticket,
            generation,
            pulse,
            abort,
        });
    }

    pub(super) fn over(&self, ticket: u64) {
        let mut in_hand = self.in_hand.borrow_mut();
        if let Some(place) = in_hand.iter().position(|task| task.ticket == ticket) {
            in_hand.swap_remove(place);
        }
        if self.halting.get() && in_hand.is_empty() {
            let _ = self.wake.try_send(Command::Wake);
        }
    }

    pub(super) fn is_idle(&self) -> bool {
        self.in_hand.borrow().is_empty()
    }

    pub(super) fn succeeded(&self, generation: u64) {
        if generation == self.generation.get() {
            self.panics_in_a_row.set(0);
        }
    }

    /// A task panicked on the instance `generation`: unless that one has been replaced already, its successor is due.
    pub(super) fn panicked(&self, generation: u64, ticket: u64, key: TaskKey, cause: &str) {
        let detail = || Detail::generation(generation).cause(cause).task(key);
        self.gauge.panicked(self.index, cause);
        self.link.publish(EventKind::Panicked, detail());
        if self.abort_inflight {
            self.abort_where(|task| task.generation == generation && task.ticket != ticket);
        }
        if generation != self.generation.get() || self.instance.borrow().is_none() {
            return;
        }
        self.gauge().backs_off();
        self.discard();
        let nth = self.panics_in_a_row.get().saturating_add(1);
        self.panics_in_a_row.set(nth);
        let delay = self.backoff.delay(nth);
        self.rebuild_at.set(Some(later(Instant::now(), delay)));
        self.gauge.restarted();
        metrics::restarted(&self.gauge.role, "panicked");
        self.link
            .publish(EventKind::Restarting, detail().delay(delay));
        let _ = self.wake.try_send(Command::Wake);
    }

    pub(super) fn abort(&self, ticket: u64) {
        self.abort_where(|task| task.ticket == ticket);
    }

    /// The shell died: everything in hand is lost with it.
    pub(super) fn lose_all(&self) {
        self.gauge().dead();
        self.rebuild_at.set(None);
        for task in &*self.in_hand.borrow() {
            task.pulse.cancel();
            task.abort.abort();
        }
        self.discard();
    }

    fn abort_where(&self, chosen: impl Fn(&InHandTask) -> bool) {
        for task in self.in_hand.borrow().iter().filter(|task| chosen(task)) {
            task.pulse.abort();
            task.abort.abort();
        }
    }

    fn gauge(&self) -> &WorkerGauge {
        self.gauge.worker(self.index)
    }
}
