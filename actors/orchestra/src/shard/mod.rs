//! A coordinator shard: owns the state machines of the jobs whose ids hash to it. It decides in memory, appends to the
//! journal, and acts only on what is committed; it never awaits a crew or the journal.
//!
//! If it dies, a new incarnation waits until what the old one appended is settled, reads its live jobs from the
//! journal, asks every crew what it holds, adopts that and offers only the rest.

mod adopt;
mod assignment;
mod commit;
mod dispatch;
mod drain;
mod live;
mod message;
mod pace;
mod parked;
mod reading;
mod result;
mod snapshot;
mod survey;
mod tallied;
mod timers;
mod traces;
mod verdicts;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    num::NonZeroU32,
    sync::{Arc, atomic::AtomicBool},
    time::Duration,
};

use callboard_runtime::{Handle, Notice, OwnerId, Report, Resident, ResidentContext, TaskKey};
use tokio::sync::watch;

pub use message::{CancelReceipt, CommandError, Controlled, HeldTask, RolePace};
pub(crate) use message::{Control, Look, NewJob, ShardMessage};
pub(crate) use reading::read_job;

use crate::{
    admission::Admission,
    audit::Deed,
    catalog::Catalog,
    crew::{Delivery, RoleCrew},
    hub::EventHub,
    id::{JobId, Tenant},
    job::{Command, Job, Moment, Refused, Step, end_attempt},
    journal::Journal,
    recovery::RecoveryGauge,
    shard::{
        adopt::{Phase, Reloading},
        commit::Origin,
        live::{AfterCommit, LiveJob},
        pace::Paces,
        parked::Parking,
        timers::Timers,
    },
    tally::Tally,
    time::{Clock, Timestamp},
    trace::TellEnded,
    why::Owner,
    writer::{SettledSink, WriterMessage},
};

/// Messages put aside while a shard reads its jobs from the journal.
const BACKLOG_MAX: usize = 10_000;

/// What every incarnation of a shard works with.
#[derive(Clone)]
pub(crate) struct ShardPorts {
    pub index: u32,
    pub shards: u32,
    pub catalog: Catalog,
    pub crews: Arc<HashMap<Arc<str>, RoleCrew>>,
    pub journal: Arc<dyn Journal>,
    pub writer: Handle<WriterMessage>,
    pub hub: EventHub,
    pub admission: Admission,
    pub clock: Clock,
    /// Told of what ends of jobs that are traced.
    pub ended: Option<TellEnded>,
    /// Ready tasks of one job that a crew may hold at once.
    pub window: usize,
    /// How many tasks of a tenant a crew takes in its turn, where it is not one.
    pub weights: Arc<HashMap<Tenant, NonZeroU32>>,
    /// True while the shard holds every live job that is its own.
    pub recovered: watch::Sender<bool>,
    pub recovery: RecoveryGauge,
    pub tally: Tally,
    /// True once the house drains; outlives any incarnation.
    pub draining: Arc<AtomicBool>,
}

impl ShardPorts {
    /// Which of `shards` a job belongs to.
    pub fn shard_of(job: JobId, shards: u32) -> u32 {
        let index = job.uuid().as_u128() % u128::from(shards.max(1));
        u32::try_from(index).expect("a remainder of a u32 fits a u32")
    }

    fn owner(&self) -> OwnerId {
        OwnerId(self.index)
    }
}

pub(crate) struct Shard {
    ports: ShardPorts,
    phase: Phase,
    jobs: HashMap<JobId, LiveJob>,
    /// Jobs whose memory was discarded after a failed commit, until they are adopted again.
    reloading: HashMap<JobId, Reloading>,
    /// Readings of discarded jobs begun so far.
    loads: u64,
    /// Tasks that crews refused while their jobs were being read.
    refused: HashSet<TaskKey>,
    /// Those of them that no reading under way covers.
    to_load: Vec<JobId>,
    /// Results that arrived for jobs not held at the moment; crews hold them too, which bounds them.
    aside: HashMap<TaskKey, (Arc<str>, Report<Delivery>)>,
    /// Jobs with tasks that a crew refused for want of room, by role.
    starved: HashMap<Arc<str>, HashSet<JobId>>,
    timers: Timers,
    parking: Parking,
    paces: Paces,
    /// Jobs that the last survey found without anything under way.
    suspects: HashSet<JobId>,
    backlog: VecDeque<ShardMessage>,
    drain: drain::Drain,
    sink: Option<SettledSink>,
    /// Lives given to jobs so far.
    lives: u64,
}

impl Shard {
    /// Lets a message pass, or keeps it for when the shard holds the job it is about.
    fn put_aside(&mut self, message: ShardMessage) -> Option<ShardMessage> {
        if let ShardMessage::Crew {
            role,
            notice: Notice::Finished(report),
        } = message
        {
            if self.holds(report.key) {
                let notice = Notice::Finished(report);
                return Some(ShardMessage::Crew { role, notice });
            }
            self.aside.insert(report.key, (role, report));
            return None;
        }
        if let ShardMessage::Crew {
            notice: Notice::Refused { key, .. },
            ..
        } = &message
            && !self.holds(*key)
        {
            self.refused.insert(*key);
            return None;
        }
        let is_for_later = match (self.phase, &message) {
            (Phase::Live, _) => false,
            (
                Phase::Recovering,
                ShardMessage::Submit(_)
                | ShardMessage::Control(_)
                | ShardMessage::Tasks { .. }
                | ShardMessage::Drain { .. }
                | ShardMessage::Release,
            ) => true,
            (
                Phase::Recovering,
                ShardMessage::Crew { .. }
                | ShardMessage::Settled(_)
                | ShardMessage::Due
                | ShardMessage::Survey
                | ShardMessage::Recovery { .. },
            ) => false,
        };
        if !is_for_later {
            return Some(message);
        }
        // Beyond the bound the message is dropped, and with it the reply: its caller hears that it was lost.
        if self.backlog.len() < BACKLOG_MAX {
            self.backlog.push_back(message);
        }
        None
    }

    pub(crate) fn new(ports: ShardPorts) -> Self {
        Self {
            ports,
            phase: Phase::default(),
            jobs: HashMap::new(),
            reloading: HashMap::new(),
            loads: 0,
            refused: HashSet::new(),
            to_load: Vec::new(),
            aside: HashMap::new(),
            starved: HashMap::new(),
            timers: Timers::default(),
            parking: Parking::default(),
            paces: Paces::default(),
            suspects: HashSet::new(),
            backlog: VecDeque::new(),
            drain: drain::Drain::default(),
            sink: None,
            lives: 0,
        }
    }

    /// Applies a command to a live job, appends what happened and keeps the effects until it is committed.
    fn command(&mut self, id: JobId, command: Command, after: AfterCommit) -> Result<(), Refused> {
        let decided = self.decide(id, command)?;
        self.carry_out(id, decided, after, None);
        Ok(())
    }

    /// Takes a live job one step on, in memory.
    fn decide(&mut self, id: JobId, command: Command) -> Result<(Timestamp, Step), Refused> {
        self.decide_end(id, command, None)
    }

    /// As `decide`, with a command that ends an attempt; `ran` is how long a worker had it.
    fn decide_end(
        &mut self,
        id: JobId,
        command: Command,
        ran: Option<Duration>,
    ) -> Result<(Timestamp, Step), Refused> {
        let moment = Moment {
            now: self.ports.clock.now(),
            seed: rand::random(),
            catalog: &self.ports.catalog,
        };
        let live = self.jobs.get_mut(&id).ok_or(Refused::Ended)?;
        let step = end_attempt(&mut live.job, command, ran, moment)?;
        live.count_tasks();
        Ok((moment.now, step))
    }

    /// Has the step just taken committed, and what follows from it done.
    fn carry_out(
        &mut self,
        id: JobId,
        (at, step): (Timestamp, Step),
        after: AfterCommit,
        deed: Option<Deed>,
    ) {
        if !step.events.is_empty() {
            let remember = None;
            return self.append(id, at, step, after, Origin { deed, remember });
        }
        let live = self.jobs.get_mut(&id);
        let effects = live.map(|live| live.pend_behind(step.effects));
        self.after_commit(id, after);
        self.run_effects(id, effects.unwrap_or_default());
    }

    fn submit(&mut self, new: NewJob) {
        if new.reply.is_closed() {
            // Its caller has given up and may have asked again under another id.
            return;
        }
        if self.is_draining() {
            return new.answer(Err(CommandError::Draining));
        }
        if self.reloading.contains_key(&new.id) || self.parking.knows(new.id) {
            return new.answer(Err(CommandError::Unavailable));
        }
        if let Some(live) = self.jobs.get_mut(&new.id) {
            return live.answer_when_committed(new.reply, new.patient);
        }
        let kind = self
            .ports
            .catalog
            .kind(new.kind)
            .expect("the coordinator submits known kinds only");
        let now = self.ports.clock.now();
        let moment = Moment {
            now,
            seed: rand::random(),
            catalog: &self.ports.catalog,
        };
        let submitted = crate::job::submit(kind, new.submit, moment);
        let mut job = Job::begin(new.id, &submitted.events[0], now)
            .expect("the first event of a submission is job.submitted");
        for event in &submitted.events[1..] {
            job.fold(event, now).expect("a command's events fold");
        }
        self.lives += 1;
        let gauge = self.ports.admission.gauge();
        let mut live = LiveJob::new(job, self.lives, Some(new.permit), gauge);
        live.answer_when_committed(new.reply, new.patient);
        self.jobs.insert(new.id, live);
        let origin = Origin {
            deed: Some(new.deed),
            remember: new.remember,
        };
        self.append(new.id, now, submitted, AfterCommit::default(), origin);
    }
}

impl Resident for Shard {
    type Message = ShardMessage;

    fn started(&mut self, ctx: &mut ResidentContext<Self>) {
        let me = ctx.handle();
        self.sink = Some(SettledSink {
            shard: self.ports.index,
            tell: Arc::new(move |settled| {
                // Closed means that the universe is shutting down.
                let _ = me.tell(ShardMessage::Settled(settled));
            }),
        });
        self.enrol(ctx);
        self.recover(ctx);
        self.survey_later(ctx);
    }

    fn handle(&mut self, message: ShardMessage, ctx: &mut ResidentContext<Self>) {
        #[cfg(feature = "failpoints")]
        fail::fail_point!("shard::handle");
        let Some(message) = self.put_aside(message) else {
            return;
        };
        match message {
            ShardMessage::Submit(new) => self.submit(*new),
            ShardMessage::Control(control) => self.control(*control, ctx),
            ShardMessage::Tasks { job, reply } => {
                let owner = Owner {
                    node: ctx.node().to_owned(),
                    incarnation: ctx.incarnation(),
                };
                // Err means that the asker has gone.
                let _ = reply.send(self.look(job, owner));
            }
            ShardMessage::Crew { role, notice } => self.crew_notice(&role, notice),
            ShardMessage::Settled(settled) => {
                settled.into_iter().for_each(|one| self.settled(one, ctx))
            }
            ShardMessage::Due => self.run_due(ctx),
            ShardMessage::Survey => self.survey(ctx),
            ShardMessage::Recovery { incarnation, step } if incarnation == ctx.incarnation() => {
                self.recovery(step, ctx)
            }
            ShardMessage::Recovery { .. } => {}
            ShardMessage::Drain { reply } => self.start_drain(reply),
            ShardMessage::Release => self.release_held(),
        }
        self.answer_drain();
        self.timers.arm(self.ports.clock.now(), ctx);
    }
}
