//! The desk of a crew: the one actor that owns its queue, its breaker and its results.
//! It hands one task to each free slot and never waits for a worker. If it dies, its ledger stays: the next incarnation
//! takes up the letter it died on, once, derives order and counts anew, and goes on with the tasks in hand.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use actix::{Actor, ActorContext, AsyncContext, Context, Handler, Recipient, Supervised};
use tokio::sync::oneshot;
use tokio::time::Instant;

use super::intervention::Told;
use super::ledger::{Ledger, Withdrawn};
use super::letter::{Command, Letter, Line, Sink};
use super::notice::{Fault, Notice, Offer, OwnerId, Refusal, Report, TaskKey};
use super::room::{Shortage, WaitingList, has_headroom};
use super::spec::{CrewSpec, OnOpen};
use super::vitals::CrewGauge;
use crate::alarm::Alarm;
use crate::breaker::{Breaker, Gate};
use crate::event::{Detail, EventKind};
use crate::exit::shielded;
use crate::failpoint;
use crate::lifeline::Halt;
use crate::tree::ChildLink;

/// How often a letter is taken up before it is given up as deadly.
const LETTER_ATTEMPTS_MAX: u32 = 2;

pub(super) struct Desk<T: Send + 'static, O: Clone + Send + 'static> {
    pub(super) spec: CrewSpec,
    is_failure: fn(&O) -> bool,
    pub(super) ledger: Ledger<T, O>,
    pub(super) breaker: Breaker,
    pub(super) gauge: Arc<CrewGauge>,
    pub(super) link: ChildLink,
    pub(super) line: Arc<Line<T, O>>,
    pub(super) workers: Vec<Recipient<Command<T, O>>>,
    sinks: HashMap<OwnerId, Sink<O>>,
    waiting_list: WaitingList,
    /// Those who wait until nothing is queued or in hand.
    drains: Vec<oneshot::Sender<()>>,
    /// While an operator drains it: those who wait until nothing is in hand.
    pub(super) hands: Option<Vec<oneshot::Sender<()>>>,
    pub(super) paused: bool,
    pub(super) draining: bool,
    pub(super) closed: bool,
    /// When the next deadline, heartbeat, progress or end of a cooldown may be due; never later than it is.
    pub(super) alarm_at: Option<Instant>,
    /// The letter being taken up, and for the how manieth time.
    unread: Option<(Letter<T, O>, u32)>,
}

impl<T: Send + 'static, O: Clone + Send + 'static> Desk<T, O> {
    pub(super) fn new(
        spec: CrewSpec,
        is_failure: fn(&O) -> bool,
        gauge: Arc<CrewGauge>,
        link: ChildLink,
        line: Arc<Line<T, O>>,
        workers: Vec<Recipient<Command<T, O>>>,
    ) -> Self {
        Self {
            ledger: Ledger::new(spec.workers, spec.concurrency, spec.ageing),
            breaker: Breaker::new(spec.breaker.clone()),
            spec,
            is_failure,
            gauge,
            link,
            line,
            workers,
            sinks: HashMap::new(),
            waiting_list: WaitingList::default(),
            drains: Vec::new(),
            hands: None,
            paused: false,
            draining: false,
            closed: false,
            alarm_at: None,
            unread: None,
        }
    }

    fn read(&mut self, letter: Letter<T, O>, now: Instant) {
        match letter {
            Letter::Offer(offer) => self.consider(offer, now),
            Letter::Returned {
                slot,
                ticket,
                outcome,
            } => {
                if self.ledger.ticket(slot) == ticket {
                    self.decide(slot, outcome, now);
                    self.ledger.give_back(slot, ticket);
                    self.gauge.worker(self.ledger.worker_of(slot)).returns_one();
                }
            }
            Letter::Acknowledge(key) => self.ledger.acknowledge(key),
            Letter::Progressed { slot, ticket } => {
                if self.ledger.ticket(slot) == ticket {
                    self.show_progress(slot, now);
                }
            }
            Letter::Ready(worker) => self.ledger.unpark(worker),
            Letter::Withdraw(key) => self.withdraw(key, now),
            Letter::Enrol(owner, sink) => drop(self.sinks.insert(owner, sink)),
            Letter::Holdings(owner, reply) => {
                let (holdings, reports) = self.ledger.of_owner(owner);
                for report in reports {
                    self.tell(owner, Notice::Finished(report));
                }
                // An error means that the asker gave up.
                let _ = reply.send(holdings);
            }
            Letter::Intervene(intervention, cause, told) => {
                self.intervene(intervention, &cause, told, now);
            }
            Letter::Drain(done) => {
                self.draining = true;
                self.show_modes();
                self.drains.push(done);
            }
            Letter::Close => {
                self.closed = true;
                self.draining = true;
            }
        }
    }

    fn consider(&mut self, offer: Offer<T>, now: Instant) {
        if self.ledger.knows(offer.key) {
            return;
        }
        let shortage = if self.draining {
            Some(Shortage::Draining)
        } else if self.ledger.queued() >= self.spec.queue_max {
            Some(Shortage::Queue)
        } else if self.ledger.share_queued(offer.share.class) >= self.spec.share_max {
            Some(Shortage::Share(offer.share.class))
        } else {
            None
        };
        let refusal = match shortage {
            Some(shortage) => {
                self.waiting_list.add(offer.owner, shortage);
                Some(match shortage {
                    Shortage::Draining => Refusal::Draining,
                    Shortage::Queue | Shortage::Share(_) => Refusal::Busy,
                })
            }
            None => match (self.spec.on_open, self.breaker.gate(now)) {
                (OnOpen::FailFast, Gate::Shut { retry_after }) => {
                    Some(Refusal::BreakerOpen { retry_after })
                }
                _ => None,
            },
        };
        match refusal {
            Some(refusal) => {
                let key = offer.key;
                self.tell(offer.owner, Notice::Refused { key, refusal });
                shielded("the end of a refused task", || drop(offer));
            }
            None => self.ledger.admit(offer, now),
        }
    }

    fn withdraw(&mut self, key: TaskKey, now: Instant) {
        match self.ledger.withdraw(key) {
            Some(Withdrawn::Queued(owner)) => self.end_unworked(key, owner, Fault::Aborted),
            Some(Withdrawn::InHand(slot)) => self.cut_short(slot, Fault::Aborted, now),
            Some(Withdrawn::Held(owner, report)) => self.tell(owner, Notice::Finished(report)),
            None => {}
        }
    }

    /// Ends a task in hand from here: its flag is set, its future dropped, its slot comes back when it is gone.
    pub(super) fn cut_short(&mut self, slot: usize, fault: Fault, now: Instant) {
        let ticket = self.ledger.ticket(slot);
        if let Some(running) = self.ledger.running(slot) {
            running.pulse.abort();
        }
        let worker = &self.workers[self.ledger.worker_of(slot) as usize];
        let _ = worker.try_send(Command::Abort { ticket });
        if fault == Fault::Stalled {
            let _ = worker.try_send(Command::Renew {
                cause: "stalled".into(),
                told: Told::nobody(),
            });
        }
        self.decide(slot, Err(fault), now);
    }

    /// The end of a task in hand, unless it was decided before.
    fn decide(&mut self, slot: usize, outcome: Result<O, Fault>, now: Instant) {
        let Some(running) = self.ledger.decide(slot) else {
            return;
        };
        let failed = match &outcome {
            Ok(output) => Some((self.is_failure)(output)),
            Err(Fault::Panicked(_) | Fault::Timeout | Fault::Stalled) => Some(true),
            // Says nothing about the role.
            Err(Fault::Aborted | Fault::WorkerLost) => None,
        };
        let report = Report {
            key: running.key,
            worker: Some(running.worker),
            waited: running.waited,
            elapsed: now.duration_since(running.started),
            ended: now,
            outcome,
        };
        let told = report.clone();
        self.ledger.hold(running.owner, report);
        if let Some((done, total)) = running.pulse.take_progress() {
            let key = running.key;
            self.tell(running.owner, Notice::Progress { key, done, total });
        }
        self.tell(running.owner, Notice::Finished(told));
        if let Some(failed) = failed {
            let was_probe = running.probe.is_some();
            let change = self
                .breaker
                .record(now, running.key.source, failed, was_probe);
            self.breaker_changed(change, now);
        }
    }

    fn end_unworked(&mut self, key: TaskKey, owner: OwnerId, fault: Fault) {
        let report = Report {
            key,
            worker: None,
            waited: Duration::ZERO,
            elapsed: Duration::ZERO,
            ended: Instant::now(),
            outcome: Err(fault),
        };
        self.ledger.hold(owner, report.clone());
        self.tell(owner, Notice::Finished(report));
    }

    /// After every letter and every alarm.
    pub(super) fn settle(&mut self, now: Instant) {
        self.pump(now);
        let ledger = &self.ledger;
        self.gauge
            .set_depths(ledger.queued(), ledger.in_hand(), ledger.held());
        if !self.waiting_list.is_empty() {
            self.call_for_more();
        }
        self.look_at_hands();
        if !self.drains.is_empty() && self.ledger.queued() == 0 && self.ledger.in_hand() == 0 {
            self.link.publish(EventKind::Drained, Detail::default());
            for drain in self.drains.drain(..) {
                let _ = drain.send(());
            }
        }
    }

    fn call_for_more(&mut self) {
        let (ledger, spec, draining) = (&self.ledger, &self.spec, self.draining);
        let called = self.waiting_list.call(|shortage| match shortage {
            _ if draining => false,
            Shortage::Draining => true,
            Shortage::Queue => has_headroom(ledger.queued(), spec.queue_max),
            Shortage::Share(share) => has_headroom(ledger.share_queued(share), spec.share_max),
        });
        for owner in called {
            self.tell(owner, Notice::Room);
        }
    }

    pub(super) fn tell(&self, owner: OwnerId, notice: Notice<O>) {
        if let Some(sink) = self.sinks.get(&owner) {
            shielded("the sink of an owner", || sink(notice));
        }
    }

    pub(super) fn wake_at(&mut self, at: Instant) {
        self.alarm_at = Some(self.alarm_at.map_or(at, |alarm_at| alarm_at.min(at)));
    }

    fn take_up(&mut self, letter: Letter<T, O>, attempt: u32) {
        self.unread = Some((letter, attempt));
        failpoint::reach("crew::handle", &self.spec.role);
        if let Some((letter, _)) = self.unread.take() {
            let now = Instant::now();
            self.read(letter, now);
            self.settle(now);
        }
    }

    /// A letter that the desk died on as often as it may.
    fn give_up(&mut self, letter: Letter<T, O>) {
        match letter {
            Letter::Offer(offer) if !self.ledger.knows(offer.key) => {
                self.end_unworked(offer.key, offer.owner, Fault::WorkerLost);
            }
            letter @ Letter::Returned { .. } => self.read(letter, Instant::now()),
            _ => {}
        }
    }
}

// Touched by one call at a time; what a panic may tear is derived anew before the next.
impl<T: Send + 'static, O: Clone + Send + 'static> Unpin for Desk<T, O> {}

impl<T: Send + 'static, O: Clone + Send + 'static> Actor for Desk<T, O> {
    type Context = Context<Self>;

    fn started(&mut self, ctx: &mut Context<Self>) {
        self.link.built();
        ctx.spawn(Alarm::default());
        self.ledger.rebuild();
        self.on_time(Instant::now());
        match self.unread.take() {
            Some((letter, attempt)) if attempt < LETTER_ATTEMPTS_MAX => {
                self.take_up(letter, attempt + 1);
            }
            Some((letter, _)) => self.give_up(letter),
            None => {}
        }
    }
}

impl<T: Send + 'static, O: Clone + Send + 'static> Supervised for Desk<T, O> {}

impl<T: Send + 'static, O: Clone + Send + 'static> Handler<Letter<T, O>> for Desk<T, O> {
    type Result = ();

    fn handle(&mut self, letter: Letter<T, O>, _: &mut Context<Self>) {
        self.take_up(letter, 1);
    }
}

impl<T: Send + 'static, O: Clone + Send + 'static> Handler<Halt> for Desk<T, O> {
    type Result = ();

    fn handle(&mut self, _: Halt, ctx: &mut Context<Self>) {
        ctx.stop();
    }
}
