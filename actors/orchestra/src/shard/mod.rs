//! A coordinator shard: owns the state machines of the jobs whose ids hash to it. It decides in memory, appends to the
//! journal, and acts only on what is committed; it never awaits a crew or the journal.
//!
//! If it dies, a new incarnation waits until what the old one appended is settled, reads its live jobs from the
//! journal, asks every crew what it holds, adopts that and offers only the rest.

mod adopt;
mod assignment;
mod dispatch;
mod drain;
mod live;
mod message;
mod result;
mod timers;

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use callboard_runtime::{Handle, OwnerId, Resident, ResidentContext};
use tokio::sync::watch;

pub(crate) use adopt::read_job;
pub use message::{CancelReceipt, CommandError, HeldTask, NewJob, ShardMessage};

use crate::{
    admission::Admission,
    catalog::Catalog,
    crew::RoleCrew,
    hub::EventHub,
    id::JobId,
    job::{Applied, Command, Effect, Job, Moment, Refused, apply},
    journal::{Journal, Record, Remembered, row_of},
    shard::{adopt::Phase, live::LiveJob, timers::Timers},
    time::Clock,
    writer::{Append, Settled, SettledSink, WriterMessage},
};

/// Messages put aside while a shard reads its jobs from the journal.
const BACKLOG_MAX: usize = 10_000;

/// What every incarnation of a shard works with.
#[derive(Clone)]
pub struct ShardDesk {
    pub index: u32,
    pub shards: u32,
    pub catalog: Catalog,
    pub crews: Arc<HashMap<Arc<str>, RoleCrew>>,
    pub journal: Arc<dyn Journal>,
    pub writer: Handle<WriterMessage>,
    pub hub: EventHub,
    pub admission: Admission,
    pub clock: Clock,
    /// Ready tasks of one job that a crew may hold at once.
    pub window: usize,
    /// True while the shard holds every live job that is its own.
    pub recovered: watch::Sender<bool>,
}

impl ShardDesk {
    /// Which of `shards` a job belongs to.
    pub fn shard_of(job: JobId, shards: u32) -> u32 {
        let index = job.uuid().as_u128() % u128::from(shards.max(1));
        u32::try_from(index).expect("a remainder of a u32 fits a u32")
    }

    fn owner(&self) -> OwnerId {
        OwnerId(self.index)
    }
}

pub struct Shard {
    desk: ShardDesk,
    phase: Phase,
    jobs: HashMap<JobId, LiveJob>,
    /// Jobs whose memory was discarded after a failed commit and is being read again.
    reloading: HashSet<JobId>,
    /// Jobs with tasks that a full crew refused, by role.
    starved: HashMap<Arc<str>, HashSet<JobId>>,
    timers: Timers,
    backlog: VecDeque<ShardMessage>,
    drain: drain::Drain,
    sink: Option<SettledSink>,
    /// Lives given to jobs so far.
    lives: u64,
}

impl Shard {
    pub fn new(desk: ShardDesk) -> Self {
        Self {
            desk,
            phase: Phase::default(),
            jobs: HashMap::new(),
            reloading: HashSet::new(),
            starved: HashMap::new(),
            timers: Timers::default(),
            backlog: VecDeque::new(),
            drain: drain::Drain::default(),
            sink: None,
            lives: 0,
        }
    }

    /// Applies a command to a live job, appends what happened and keeps the effects until it is committed.
    fn command(
        &mut self,
        id: JobId,
        command: Command,
        after: live::AfterCommit,
    ) -> Result<(), Refused> {
        let moment = Moment {
            now: self.desk.clock.now(),
            seed: rand::random(),
            catalog: &self.desk.catalog,
        };
        let live = self.jobs.get_mut(&id).ok_or(Refused::Ended)?;
        let applied = apply(&live.job, command, moment)?;
        if applied.events.is_empty() {
            self.run_effects(id, applied.effects);
            self.after_commit(id, after);
            return Ok(());
        }
        live.fold(&applied.events, moment.now);
        result::log(live, &applied.events);
        let (job, life, first_seq) = (
            &live.job,
            live.life,
            live.job.seq + 1 - applied.events.len() as u64,
        );
        let Applied { events, effects } = applied;
        let record = Record {
            job: id,
            tenant: job.tenant.clone(),
            first_seq,
            at: moment.now,
            events: events.into(),
            row: Arc::new(row_of(job)),
            remember: None,
        };
        live.pend(effects, after);
        self.append(record, life);
        Ok(())
    }

    fn submit(&mut self, new: NewJob) {
        if self.drain.is_on() {
            return new.answer(Err(CommandError::Draining));
        }
        if self.reloading.contains(&new.id) {
            return new.answer(Err(CommandError::Unavailable));
        }
        if let Some(live) = self.jobs.get_mut(&new.id) {
            return live.answer_when_committed(new.reply);
        }
        let kind = self
            .desk
            .catalog
            .kind(new.kind)
            .expect("the coordinator submits known kinds only");
        let now = self.desk.clock.now();
        let moment = Moment {
            now,
            seed: rand::random(),
            catalog: &self.desk.catalog,
        };
        let Applied { events, effects } = crate::job::submit(kind, new.submit, moment);
        let mut job = Job::begin(new.id, &events[0], now)
            .expect("the first event of a submission is job.submitted");
        for event in &events[1..] {
            job.fold(event, now).expect("a command's events fold");
        }
        self.lives += 1;
        let remember = new
            .remember
            .map(|(key, body_sha256, expires_at)| Remembered {
                key,
                body_sha256,
                job: new.id,
                expires_at,
            });
        let record = Record {
            job: new.id,
            tenant: job.tenant.clone(),
            first_seq: 1,
            at: now,
            events: events.into(),
            row: Arc::new(row_of(&job)),
            remember,
        };
        let mut live = LiveJob::new(
            job,
            self.lives,
            Some(new.permit),
            self.desk.admission.gauge(),
        );
        live.pend(effects, live::AfterCommit::default());
        live.answer_when_committed(new.reply);
        self.jobs.insert(new.id, live);
        self.append(record, self.lives);
    }

    fn append(&mut self, record: Record, life: u64) {
        let sink = self
            .sink
            .clone()
            .expect("set in started, before any message");
        // Closed means that the universe is shutting down; the dropped append reports itself as failed.
        let _ = self
            .desk
            .writer
            .tell(WriterMessage::Append(Append::new(record, life, sink)));
    }

    fn settled(&mut self, settled: Settled, ctx: &mut ResidentContext<Self>) {
        let Some(live) = self
            .jobs
            .get_mut(&settled.job)
            .filter(|live| live.life == settled.life)
        else {
            return;
        };
        if !settled.committed {
            return self.discard(settled.job, ctx);
        }
        for (effects, after) in live.take_committed(settled.last_seq) {
            self.after_commit(settled.job, after);
            self.run_effects(settled.job, effects);
        }
        self.retire_if_over(settled.job);
    }

    fn after_commit(&mut self, id: JobId, after: live::AfterCommit) {
        let live::AfterCommit {
            acknowledge,
            cancelled,
        } = after;
        if let Some((role, key)) = acknowledge
            && let Some(crew) = self.desk.crews.get(&role)
        {
            crew.acknowledge(key);
        }
        if let Some(reply) = cancelled {
            let receipt = self
                .jobs
                .get(&id)
                .map(LiveJob::receipt)
                .ok_or(CommandError::Ended);
            // Err means that the caller has gone.
            let _ = reply.send(receipt);
        }
    }

    fn run_effects(&mut self, id: JobId, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Offer(task) => self.make_ready(id, task),
                Effect::Wake { task, at } => self.timers.wake(at, id, task),
                Effect::Expire { at } => self.timers.expire(at, id),
                Effect::End => self.withdraw_all(id),
            }
        }
        self.offer_ready(id);
    }

    fn retire_if_over(&mut self, id: JobId) {
        let Some(live) = self.jobs.get(&id).filter(|live| live.is_over()) else {
            return;
        };
        let (kind, state) = (live.job.kind.to_string(), live.job.state.name());
        metrics::counter!("callboard_jobs_total", "kind" => kind, "state" => state).increment(1);
        self.jobs.remove(&id);
    }
}

impl Resident for Shard {
    type Message = ShardMessage;

    fn started(&mut self, ctx: &mut ResidentContext<Self>) {
        let me = ctx.handle();
        self.sink = Some(SettledSink {
            shard: self.desk.index,
            tell: Arc::new(move |settled| {
                // Closed means that the universe is shutting down.
                let _ = me.tell(ShardMessage::Settled(settled));
            }),
        });
        self.enrol(ctx);
        self.recover(ctx);
    }

    fn handle(&mut self, message: ShardMessage, ctx: &mut ResidentContext<Self>) {
        #[cfg(feature = "failpoints")]
        fail::fail_point!("shard::handle");
        let Some(message) = self.put_aside(message) else {
            return;
        };
        match message {
            ShardMessage::Submit(new) => self.submit(*new),
            ShardMessage::Cancel {
                job,
                tenant,
                reason,
                reply,
            } => self.cancel(job, &tenant, reason, reply),
            ShardMessage::Tasks { job, reply } => {
                let held = self.jobs.get(&job).map(LiveJob::held).unwrap_or_default();
                let _ = reply.send(held);
            }
            ShardMessage::Crew { role, notice } => self.crew_notice(&role, notice),
            ShardMessage::Settled(settled) => {
                settled.into_iter().for_each(|one| self.settled(one, ctx))
            }
            ShardMessage::Due => self.run_due(),
            ShardMessage::Recovery { incarnation, step } if incarnation == ctx.incarnation() => {
                self.recovery(step, ctx)
            }
            ShardMessage::Recovery { .. } => {}
            ShardMessage::Drain { reply } => self.start_drain(reply),
            ShardMessage::Release => self.release_held(),
        }
        self.answer_drain();
        self.timers.arm(self.desk.clock.now(), ctx);
    }
}
