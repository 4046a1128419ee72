//! Jobs that nothing but the clock or a caller moves: out of memory but for their names, and read again when needed.

use std::collections::HashMap;

use callboard_runtime::ResidentContext;
use tokio::sync::OwnedSemaphorePermit;

use super::{
    Shard, ShardMessage, ShardPorts,
    live::LiveJob,
    message::{CommandError, Control, Recovery},
    reading::{RELOAD_DELAY, read_histories},
};
use crate::{
    admission::TaskGauge,
    id::{JobId, Tenant},
    job::{Effect, Job, JobState, WaitReason},
    journal::{HISTORIES_MAX, JournalError, LiveJobRow},
};

/// Callers that may wait for one job to be read.
const CALLERS_MAX: usize = 1_000;

/// What a parked job keeps of its admission.
pub(super) struct Stay {
    pub tenant: Tenant,
    pub gauge: TaskGauge,
    pub permit: Option<OwnedSemaphorePermit>,
}

#[derive(Default)]
pub(super) struct Parking {
    stays: HashMap<JobId, Stay>,
    /// Jobs that are being read, with the callers that wait for each.
    fetching: HashMap<JobId, Vec<Control>>,
    /// Those of them that no reading under way covers.
    to_fetch: Vec<JobId>,
    is_reading: bool,
}

impl Parking {
    pub(super) fn tenant_of(&self, id: JobId) -> Option<&Tenant> {
        self.stays.get(&id).map(|stay| &stay.tenant)
    }

    pub(super) fn knows(&self, id: JobId) -> bool {
        self.stays.contains_key(&id) || self.fetching.contains_key(&id)
    }

    pub(super) fn len(&self) -> usize {
        self.stays.len()
    }
}

impl Shard {
    /// Parks the job if nothing but the clock or a caller moves it.
    pub(super) fn park(&mut self, id: JobId) {
        let Some(live) = self.jobs.get(&id).filter(|live| live.is_parkable()) else {
            return;
        };
        let alarms = live
            .job
            .outstanding()
            .into_iter()
            .filter_map(|effect| match effect {
                Effect::Wake { at, .. } | Effect::Expire { at } => Some(at),
                Effect::Offer(_) | Effect::End => None,
            });
        let alarm = alarms.min();
        // What is due at once is not worth leaving for.
        if self.is_draining() || alarm.is_some_and(|at| at <= self.ports.clock.now()) {
            return;
        }
        let Some(live) = self.jobs.remove(&id) else {
            return;
        };
        self.timers.forget(id);
        if let Some(at) = alarm {
            self.timers.rouse(at, id);
        }
        self.parking.stays.insert(id, live.into_stay());
    }

    /// Parks a job that the journal says waits for an instant, without reading more of it.
    pub(super) fn park_unread(&mut self, row: LiveJobRow) {
        let until = row.waiting_for.as_ref().and_then(|reason| reason.until());
        if let Some(at) = until.into_iter().chain(row.deadline).min() {
            self.timers.rouse(at, row.id);
        }
        let mut gauge = self.ports.admission.gauge();
        gauge.set(row.unfinished as usize);
        let tenant = match self.parking.stays.values().next() {
            // One name for all of them, most often.
            Some(stay) if stay.tenant == row.tenant => stay.tenant.clone(),
            Some(_) | None => row.tenant,
        };
        let stay = Stay {
            tenant,
            gauge,
            permit: self.ports.admission.readmit(),
        };
        self.parking.stays.insert(row.id, stay);
    }

    /// Has a job read from the journal that is not in memory; `caller` is served then.
    pub(super) fn fetch(
        &mut self,
        id: JobId,
        caller: Option<Control>,
        ctx: &mut ResidentContext<Self>,
    ) {
        let is_new = !self.parking.fetching.contains_key(&id);
        let callers = self.parking.fetching.entry(id).or_default();
        if let Some(caller) = caller {
            if callers.len() < CALLERS_MAX {
                callers.push(caller);
            } else {
                caller.answer(Err(CommandError::Unavailable));
            }
        }
        if is_new {
            self.parking.to_fetch.push(id);
            self.read_next(ctx);
        }
    }

    /// One reading at a time: what is asked for meanwhile goes together in the next.
    fn read_next(&mut self, ctx: &mut ResidentContext<Self>) {
        if self.parking.is_reading || self.parking.to_fetch.is_empty() {
            return;
        }
        self.parking.is_reading = true;
        let count = self.parking.to_fetch.len().min(HISTORIES_MAX);
        let asked: Vec<JobId> = self.parking.to_fetch.drain(..count).collect();
        let (ports, me, incarnation) = (self.ports.clone(), ctx.handle(), ctx.incarnation());
        ctx.spawn(async move {
            let jobs = read_until_read(&ports, &asked).await;
            let step = Recovery::Fetched { asked, jobs };
            // Closed means that the universe is shutting down.
            let _ = me.tell(ShardMessage::Recovery { incarnation, step });
        });
    }

    pub(super) fn fetched(
        &mut self,
        asked: Vec<JobId>,
        jobs: Vec<Job>,
        ctx: &mut ResidentContext<Self>,
    ) {
        self.parking.is_reading = false;
        for job in jobs {
            let id = job.id;
            let stay = self.parking.stays.remove(&id);
            self.timers.forget(id);
            self.lives += 1;
            let is_past = job.state.is_final();
            let outstanding = job.outstanding();
            let (gauge, permit) = match stay {
                Some(stay) => (stay.gauge, stay.permit),
                None => (self.ports.admission.gauge(), None),
            };
            let mut live = LiveJob::new(job, self.lives, permit, gauge);
            live.is_past = is_past;
            live.committed_as_it_is();
            self.jobs.insert(id, live);
            self.run_effects(id, outstanding);
        }
        for id in asked {
            let callers = self.parking.fetching.remove(&id).unwrap_or_default();
            for caller in callers {
                match self.jobs.contains_key(&id) {
                    true => self.control(caller, ctx),
                    false => caller.answer(Err(CommandError::NotFound)),
                }
            }
            self.rest(id);
        }
        self.read_next(ctx);
    }

    /// Forgets a job that is over, parks one that waits.
    pub(super) fn rest(&mut self, id: JobId) {
        self.retire_if_over(id);
        self.park(id);
    }
}

async fn read_until_read(ports: &ShardPorts, asked: &[JobId]) -> Vec<Job> {
    loop {
        let read: Result<Vec<Job>, JournalError> = read_histories(&*ports.journal, asked).await;
        match read {
            Ok(jobs) => return jobs,
            Err(error) => {
                tracing::error!(shard = ports.index, error = %error, "cannot read waiting jobs; will try again");
                tokio::time::sleep(RELOAD_DELAY).await;
            }
        }
    }
}

/// Jobs by whether the journal's row alone says when they are needed.
pub(super) fn waits_for_an_instant(row: &LiveJobRow) -> bool {
    row.state == JobState::Waiting && matches!(row.waiting_for, Some(WaitReason::Timer { .. }))
}
