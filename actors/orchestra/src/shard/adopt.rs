//! How a shard comes by its jobs: at the start of the process, after its own death, and after a failed commit.
//!
//! 1. Wait until the writer has settled what was appended before. 2. Read the jobs from the journal and fold them.
//! 3. Ask every crew what it holds; results it still keeps arrive again. 4. Adopt that, and offer only the rest.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::Duration,
};

use callboard_runtime::{Holding, HoldingState, Notice, ResidentContext, TaskKey};
use tokio::sync::oneshot;

use super::{
    BACKLOG_MAX, Shard, ShardMessage, ShardPorts,
    dispatch::attempt_of,
    live::{Held, LiveJob},
    message::Recovery,
};
use crate::{
    id::JobId,
    job::{Job, TaskState},
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
    /// Finds out what it holds: callers wait, results are put aside.
    #[default]
    Recovering,
    Live,
}

impl Shard {
    pub(super) fn recover(&mut self, ctx: &mut ResidentContext<Self>) {
        self.lives = ctx.incarnation() << LIVES_BITS;
        self.ports.recovered.send_replace(false);
        self.load(None, ctx);
    }

    /// Lets a message pass, keeps it for later, or drops one that will come again.
    pub(super) fn put_aside(&mut self, message: ShardMessage) -> Option<ShardMessage> {
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
        match (&self.phase, &message) {
            (Phase::Live, _) | (_, ShardMessage::Settled(_) | ShardMessage::Recovery { .. }) => {
                return Some(message);
            }
            // What crews hold is asked for; alarms are set when it is known.
            (Phase::Recovering, ShardMessage::Crew { .. }) => {}
            (Phase::Recovering, ShardMessage::Due) => self.timers.fired(),
            (
                Phase::Recovering,
                ShardMessage::Submit(_)
                | ShardMessage::Cancel { .. }
                | ShardMessage::Tasks { .. }
                | ShardMessage::Drain { .. }
                | ShardMessage::Release,
            ) => {
                // Beyond the bound the message is dropped, and with it the reply: its caller hears that it was lost.
                if self.backlog.len() < BACKLOG_MAX {
                    self.backlog.push_back(message);
                }
            }
        }
        None
    }

    /// Whether the memory of the job that a result belongs to is to be trusted.
    fn holds(&self, key: TaskKey) -> bool {
        let (id, _, _) = attempt_of(key);
        self.phase == Phase::Live && !self.reloading.contains(&id)
    }

    /// Forgets a job whose commit failed and has it read again, together with others of the same moment.
    pub(super) fn discard(&mut self, id: JobId, ctx: &mut ResidentContext<Self>) {
        if let Some(mut live) = self.jobs.remove(&id) {
            live.fail_replies();
        }
        self.timers.forget(id);
        if !self.reloading.insert(id) {
            return;
        }
        if self.to_load.is_empty() {
            let incarnation = ctx.incarnation();
            let step = Recovery::Load;
            ctx.after(RELOAD_DELAY, ShardMessage::Recovery { incarnation, step });
        }
        self.to_load.push(id);
    }

    pub(super) fn recovery(&mut self, step: Recovery, ctx: &mut ResidentContext<Self>) {
        match step {
            Recovery::Load => {
                let asked = std::mem::take(&mut self.to_load);
                self.load(Some(asked), ctx);
            }
            Recovery::Adopt {
                asked,
                jobs,
                holdings,
            } => self.adopt(asked, jobs, &holdings, ctx),
        }
    }

    fn load(&mut self, asked: Option<Vec<JobId>>, ctx: &mut ResidentContext<Self>) {
        let (ports, me, incarnation) = (self.ports.clone(), ctx.handle(), ctx.incarnation());
        ctx.spawn(async move {
            let jobs = loop {
                match read_jobs(&ports, asked.as_deref()).await {
                    Ok(jobs) => break jobs,
                    Err(error) => {
                        tracing::error!(shard = ports.index, error = %error, "cannot read live jobs; will try again");
                        tokio::time::sleep(RELOAD_DELAY).await;
                    }
                }
            };
            let holdings = ask_holdings(&ports).await;
            let step = Recovery::Adopt { asked, jobs, holdings };
            // Closed means that the universe is shutting down.
            let _ = me.tell(ShardMessage::Recovery { incarnation, step });
        });
    }

    /// Takes jobs into memory as the journal has them, then what crews hold of them, then the results put aside: in
    /// this order nothing is offered that is committed to be elsewhere.
    fn adopt(
        &mut self,
        asked: Option<Vec<JobId>>,
        jobs: Vec<Job>,
        holdings: &HashMap<Arc<str>, Vec<Holding>>,
        ctx: &mut ResidentContext<Self>,
    ) {
        let count = jobs.len();
        let mut outstanding = Vec::with_capacity(count);
        for job in jobs {
            outstanding.push((job.id, job.outstanding()));
            self.lives += 1;
            let (permit, gauge) = (self.ports.admission.readmit(), self.ports.admission.gauge());
            let mut live = LiveJob::new(job, self.lives, permit, gauge);
            live.committed_as_it_is();
            self.jobs.insert(live.job.id, live);
        }
        let concerned: Option<HashSet<JobId>> = asked.map(|asked| asked.into_iter().collect());
        let is_concerned = |key: TaskKey| {
            let (id, _, _) = attempt_of(key);
            concerned
                .as_ref()
                .is_none_or(|concerned| concerned.contains(&id))
        };
        for (role, holdings) in holdings {
            for holding in holdings.iter().filter(|holding| is_concerned(holding.key)) {
                self.adopt_one(role, holding);
            }
        }
        for (id, outstanding) in outstanding {
            self.run_effects(id, outstanding);
        }
        match &concerned {
            Some(concerned) => self.reloading.retain(|id| !concerned.contains(id)),
            None => self.reloading.clear(),
        }
        for (_, (role, report)) in self
            .aside
            .extract_if(|key, _| is_concerned(*key))
            .collect::<Vec<_>>()
        {
            self.task_reported(&role, report);
        }
        if self.phase == Phase::Recovering {
            self.phase = Phase::Live;
            self.ports.recovered.send_replace(true);
            tracing::info!(
                shard = self.ports.index,
                jobs = count,
                "holds its live jobs"
            );
            for message in std::mem::take(&mut self.backlog) {
                // Closed means that the universe is shutting down.
                let _ = ctx.handle().tell(message);
            }
        }
    }

    fn adopt_one(&mut self, role: &Arc<str>, holding: &Holding) {
        let (id, task, attempt) = attempt_of(holding.key);
        let crew = &self.ports.crews[role];
        let held = self.jobs.get_mut(&id).filter(|live| {
            live.job.task(task).is_some_and(|task| {
                let open = matches!(
                    task.state,
                    TaskState::Ready | TaskState::Retrying | TaskState::Waiting
                );
                open && task.attempt == attempt
            })
        });
        match (held, holding.state) {
            (Some(live), HoldingState::Queued | HoldingState::Held) => {
                live.take_up(role, task, Held::queued(attempt));
            }
            (Some(live), HoldingState::InHand(worker)) => {
                let worker = Some(worker.index);
                live.take_up(
                    role,
                    task,
                    Held {
                        worker,
                        ..Held::queued(attempt)
                    },
                );
            }
            (None, HoldingState::Queued | HoldingState::InHand(_)) => crew.withdraw(holding.key),
            (None, HoldingState::Held) => crew.acknowledge(holding.key),
        }
    }
}

async fn read_jobs(ports: &ShardPorts, asked: Option<&[JobId]>) -> Result<Vec<Job>, JournalError> {
    let (settled, when_settled) = oneshot::channel();
    if ports.writer.tell(WriterMessage::Settle(settled)).is_ok() {
        // Err means that the writer died with the request: its appends have failed, which settles them too.
        let _ = when_settled.await;
    }
    let ids = match asked {
        Some(ids) => ids.to_vec(),
        None => live_jobs(ports).await?,
    };
    let mut jobs = Vec::new();
    for id in ids
        .into_iter()
        .filter(|id| ShardPorts::shard_of(*id, ports.shards) == ports.index)
    {
        match read_job(&*ports.journal, id).await {
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

/// Ids of all jobs that have not ended.
async fn live_jobs(ports: &ShardPorts) -> Result<Vec<JobId>, JournalError> {
    let mut ids: Vec<JobId> = Vec::new();
    loop {
        let after = ids.last().copied();
        let page = ports.journal.live_jobs(after, PAGE_RECORDS).await?;
        ids.extend(page.iter().map(|row| row.id));
        if page.len() < PAGE_RECORDS {
            return Ok(ids);
        }
    }
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

async fn ask_holdings(ports: &ShardPorts) -> HashMap<Arc<str>, Vec<Holding>> {
    let mut holdings = HashMap::with_capacity(ports.crews.len());
    for (role, crew) in ports.crews.iter() {
        loop {
            match crew.holdings(ports.owner(), HOLDINGS_DEADLINE).await {
                Ok(held) => {
                    holdings.insert(role.clone(), held);
                    break;
                }
                Err(error) => {
                    tracing::warn!(role = %role, error = %error, "crew did not say what it holds; asking again");
                    tokio::time::sleep(RELOAD_DELAY).await;
                }
            }
        }
    }
    holdings
}
