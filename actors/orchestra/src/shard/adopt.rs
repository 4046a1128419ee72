//! How a shard comes by its jobs: at the start of the process, after its own death, and after a failed commit.
//!
//! 1. Wait until the writer has settled what was appended before. 2. Read the jobs from the journal and fold them.
//! 3. Ask every crew what it holds; results it still keeps arrive again. 4. Adopt that, and offer only the rest.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use callboard_runtime::{Holding, HoldingState, ResidentContext};
use tokio::sync::oneshot;

use super::{
    BACKLOG_MAX, Shard, ShardDesk, ShardMessage,
    dispatch::{attempt_of, key_of},
    live::{Held, LiveJob},
    message::Recovery,
};
use crate::{
    id::JobId,
    job::{Effect, Job, TaskState},
    journal::{Journal, JournalError},
    writer::WriterMessage,
};

/// Records read at a time.
const PAGE_RECORDS: usize = 1_000;
/// Pause before the journal is read again after an error.
const RELOAD_DELAY: Duration = Duration::from_millis(500);
/// How long a crew may take to say what it holds.
const HOLDINGS_DEADLINE: Duration = Duration::from_secs(10);

/// Lives of jobs within one incarnation; the incarnation is above them, so that none is ever met twice.
const LIVES_BITS: u32 = 40;

/// How far a shard has come in holding its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    /// Reads the journal; callers are put aside, results stay with their crews.
    #[default]
    Loading,
    /// Holds its jobs and asks crews what they hold.
    Adopting,
    Live,
}

impl Shard {
    pub(super) fn recover(&mut self, ctx: &mut ResidentContext<Self>) {
        self.lives = ctx.incarnation() << LIVES_BITS;
        self.desk.recovered.send_replace(false);
        self.load(None, ctx);
    }

    /// Lets a message pass, keeps it for later, or drops one that will come again.
    pub(super) fn put_aside(&mut self, message: ShardMessage) -> Option<ShardMessage> {
        match (&self.phase, &message) {
            (Phase::Live, _)
            | (_, ShardMessage::Settled(_) | ShardMessage::Recovery { .. })
            | (Phase::Adopting, ShardMessage::Crew { .. }) => Some(message),
            (Phase::Loading, ShardMessage::Crew { .. }) => None,
            (
                Phase::Loading | Phase::Adopting,
                ShardMessage::Submit(_)
                | ShardMessage::Cancel { .. }
                | ShardMessage::Tasks { .. }
                | ShardMessage::Due
                | ShardMessage::Drain { .. }
                | ShardMessage::Release,
            ) => {
                // Beyond the bound the message is dropped, and with it the reply: its caller hears that it was lost.
                if self.backlog.len() < BACKLOG_MAX {
                    self.backlog.push_back(message);
                }
                None
            }
        }
    }

    /// Forgets a job whose commit failed and reads it again.
    pub(super) fn discard(&mut self, id: JobId, ctx: &mut ResidentContext<Self>) {
        if let Some(mut live) = self.jobs.remove(&id) {
            live.fail_replies();
        }
        if self.reloading.insert(id) {
            let incarnation = ctx.incarnation();
            let step = Recovery::Load {
                asked: Some(vec![id]),
            };
            ctx.after(RELOAD_DELAY, ShardMessage::Recovery { incarnation, step });
        }
    }

    pub(super) fn recovery(&mut self, step: Recovery, ctx: &mut ResidentContext<Self>) {
        match step {
            Recovery::Load { asked } => self.load(asked, ctx),
            Recovery::Loaded { asked, jobs } => self.loaded(asked, jobs, ctx),
            Recovery::Adopt { jobs, holdings } => self.adopt(jobs, &holdings, ctx),
        }
    }

    fn load(&mut self, asked: Option<Vec<JobId>>, ctx: &mut ResidentContext<Self>) {
        let (desk, me, incarnation) = (self.desk.clone(), ctx.handle(), ctx.incarnation());
        ctx.spawn(async move {
            let jobs = loop {
                match read_jobs(&desk, asked.as_deref()).await {
                    Ok(jobs) => break jobs,
                    Err(error) => {
                        tracing::error!(shard = desk.index, error = %error, "cannot read live jobs; will try again");
                        tokio::time::sleep(RELOAD_DELAY).await;
                    }
                }
            };
            // Closed means that the universe is shutting down.
            let _ = me.tell(ShardMessage::Recovery { incarnation, step: Recovery::Loaded { asked, jobs } });
        });
    }

    fn loaded(
        &mut self,
        asked: Option<Vec<JobId>>,
        jobs: Vec<Job>,
        ctx: &mut ResidentContext<Self>,
    ) {
        // Taken here: by the time holdings are known, results that arrive again have moved the jobs beyond what is
        // committed.
        let jobs_outstanding = jobs.iter().map(|job| (job.id, job.outstanding())).collect();
        if asked.is_none() {
            self.phase = Phase::Adopting;
        }
        for id in asked.iter().flatten() {
            self.reloading.remove(id);
        }
        for job in jobs {
            self.lives += 1;
            let (permit, gauge) = (self.desk.admission.readmit(), self.desk.admission.gauge());
            let mut live = LiveJob::new(job, self.lives, permit, gauge);
            live.committed_seq = live.job.seq;
            self.jobs.insert(live.job.id, live);
        }
        let (desk, me, incarnation) = (self.desk.clone(), ctx.handle(), ctx.incarnation());
        ctx.spawn(async move {
            let holdings = ask_holdings(&desk).await;
            // Closed means that the universe is shutting down.
            let _ = me.tell(ShardMessage::Recovery {
                incarnation,
                step: Recovery::Adopt {
                    jobs: jobs_outstanding,
                    holdings,
                },
            });
        });
    }

    fn adopt(
        &mut self,
        jobs: Vec<(JobId, Vec<Effect>)>,
        holdings: &HashMap<Arc<str>, Vec<Holding>>,
        ctx: &mut ResidentContext<Self>,
    ) {
        let count = jobs.len();
        let adopted: HashSet<JobId> = jobs.iter().map(|(id, _)| *id).collect();
        for (role, holdings) in holdings {
            for holding in holdings {
                let (id, _, _) = attempt_of(holding.key);
                let orphaned = self.phase == Phase::Adopting && !self.jobs.contains_key(&id);
                // A job that is being read again finds its holdings untouched.
                if !self.reloading.contains(&id) && (adopted.contains(&id) || orphaned) {
                    self.adopt_one(role, holding);
                }
            }
        }
        for (id, outstanding) in jobs {
            self.run_effects(id, outstanding);
        }
        if self.phase == Phase::Adopting {
            self.phase = Phase::Live;
            self.desk.recovered.send_replace(true);
            tracing::info!(shard = self.desk.index, jobs = count, "holds its live jobs");
            for message in std::mem::take(&mut self.backlog) {
                // Closed means that the universe is shutting down.
                let _ = ctx.handle().tell(message);
            }
        }
    }

    fn adopt_one(&mut self, role: &Arc<str>, holding: &Holding) {
        let (id, task, attempt) = attempt_of(holding.key);
        let crew = &self.desk.crews[role];
        let Some(live) = self.jobs.get_mut(&id) else {
            crew.withdraw(holding.key);
            return crew.acknowledge(holding.key);
        };
        if live.is_settling(holding.key) {
            return;
        }
        let awaited = live.job.task(task).is_some_and(|task| {
            let open = matches!(
                task.state,
                TaskState::Ready | TaskState::Retrying | TaskState::Waiting
            );
            open && task.attempt == attempt
        });
        match (awaited, holding.state) {
            (true, HoldingState::Queued) => live.take_up(role, task, Held::queued(attempt)),
            (true, HoldingState::InHand(worker)) => {
                let held = Held {
                    worker: Some(worker.index),
                    ..Held::queued(attempt)
                };
                live.take_up(role, task, held);
            }
            (true, HoldingState::Held) => {}
            (false, HoldingState::Queued | HoldingState::InHand(_)) => {
                crew.withdraw(key_of(id, task, attempt))
            }
            (false, HoldingState::Held) => crew.acknowledge(holding.key),
        }
    }
}

async fn read_jobs(desk: &ShardDesk, asked: Option<&[JobId]>) -> Result<Vec<Job>, JournalError> {
    let (settled, when_settled) = oneshot::channel();
    if desk.writer.tell(WriterMessage::Settle(settled)).is_ok() {
        // Err means that the writer died with the request: its appends have failed, which settles them too.
        let _ = when_settled.await;
    }
    let ids = match asked {
        Some(ids) => ids.to_vec(),
        None => desk.journal.live_jobs().await?,
    };
    let mut jobs = Vec::new();
    for id in ids
        .into_iter()
        .filter(|id| ShardDesk::shard_of(*id, desk.shards) == desk.index)
    {
        match read_job(&*desk.journal, id).await {
            Ok(Some(job)) if !job.state.is_final() => jobs.push(job),
            Ok(_) => {}
            Err(error @ JournalError::Codec(_)) => {
                metrics::counter!("callboard_unreadable_jobs_total").increment(1);
                tracing::error!(job.id = %id, error = %error, "a job's journal cannot be read; the job stays where it is");
            }
            Err(error) => return Err(error),
        }
    }
    Ok(jobs)
}

/// The job its records add up to; `None` when there are none or they do not fold.
pub(crate) async fn read_job(
    journal: &dyn Journal,
    id: JobId,
) -> Result<Option<Job>, JournalError> {
    let mut job: Option<Job> = None;
    loop {
        let after = job.as_ref().map_or(0, |job| job.seq);
        let records = journal.records(id, after, PAGE_RECORDS).await?;
        for record in &records {
            for event in record.events.iter() {
                let folded = match &mut job {
                    Some(job) => job.fold(event, record.at),
                    None => Job::begin(id, event, record.at).map(|begun| job = Some(begun)),
                };
                if let Err(error) = folded {
                    metrics::counter!("callboard_unreadable_jobs_total").increment(1);
                    tracing::error!(job.id = %id, error = %error, "a job's events do not add up");
                    return Ok(None);
                }
            }
        }
        if records.len() < PAGE_RECORDS {
            return Ok(job);
        }
    }
}

async fn ask_holdings(desk: &ShardDesk) -> HashMap<Arc<str>, Vec<Holding>> {
    let mut holdings = HashMap::with_capacity(desk.crews.len());
    for (role, crew) in desk.crews.iter() {
        loop {
            match crew.holdings(desk.owner(), HOLDINGS_DEADLINE).await {
                Ok(held) => {
                    holdings.insert(role.clone(), held);
                    break;
                }
                Err(error) => {
                    tracing::warn!(role = %role, error = %error, "crew did not say what it holds; asking again")
                }
            }
        }
    }
    holdings
}
