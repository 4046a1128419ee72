//! How a shard comes by its jobs: at the start of the process, after its own death, and after a failed commit.
//!
//! First the writer settles what was appended before. Then every crew says what it holds; results it still keeps arrive
//! again. Then the jobs are read from the journal, a page at a time; those that wait for an instant are parked unread.
//! What crews hold and the journal bears out is adopted, and only the rest is offered.

use std::{collections::HashSet, sync::Arc};

use callboard_runtime::{Holding, HoldingState, ResidentContext, TaskKey};

use super::{
    Shard, ShardMessage,
    dispatch::{attempt_of, rests_on},
    live::{AfterCommit, Held, LiveJob},
    message::{Page, Recovery},
    parked::Stay,
    reading::{RELOAD_DELAY, Reader},
};
use crate::{
    id::{JobId, TaskId},
    job::{Command, TaskState},
};

/// Lives of jobs within one incarnation; the incarnation is above them, so that none is ever met twice.
const LIVES_BITS: u32 = 40;

/// How far a shard has come in holding its jobs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(super) enum Phase {
    /// Finds out what it holds: callers wait, results of jobs not read yet are put aside.
    #[default]
    Recovering,
    Live,
}

/// A job that is being read again.
pub(super) struct Reloading {
    /// Which reading brings it.
    load: u64,
    /// Its place in the admission.
    stay: Option<Stay>,
}

impl Shard {
    pub(super) fn recover(&mut self, ctx: &mut ResidentContext<Self>) {
        self.lives = ctx.incarnation() << LIVES_BITS;
        self.ports.recovery.begin(self.ports.index);
        self.ports.recovered.send_replace(false);
        self.load(None, ctx);
    }

    /// Whether the memory of the job that a result belongs to is to be trusted.
    pub(super) fn holds(&self, key: TaskKey) -> bool {
        let (id, _, _) = attempt_of(key);
        let is_read = self.phase == Phase::Live || self.jobs.contains_key(&id);
        is_read && !self.reloading.contains_key(&id)
    }

    /// Forgets a job whose commit failed and has it read again, together with others of the same moment.
    pub(super) fn discard(&mut self, id: JobId, ctx: &mut ResidentContext<Self>) {
        self.timers.forget(id);
        let load = self.loads + 1;
        let stay = self.jobs.remove(&id).map(|mut live| {
            live.fail_replies();
            live.into_stay()
        });
        match self.reloading.get_mut(&id) {
            Some(reloading) if reloading.load == load => return,
            Some(reloading) => {
                reloading.load = load;
                reloading.stay = stay.or(reloading.stay.take());
            }
            None => drop(self.reloading.insert(id, Reloading { load, stay })),
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
                self.loads += 1;
                self.load(Some(asked), ctx);
            }
            Recovery::Adopt(page) => self.adopt(page, ctx),
            Recovery::Fetched { asked, jobs } => self.fetched(asked, jobs, ctx),
        }
    }

    fn load(&mut self, asked: Option<Vec<JobId>>, ctx: &mut ResidentContext<Self>) {
        let reader = Reader {
            ports: self.ports.clone(),
            shard: ctx.handle(),
            incarnation: ctx.incarnation(),
            load: match asked {
                Some(_) => self.loads,
                None => 0,
            },
        };
        ctx.spawn(async move { reader.read(asked).await });
    }

    /// Takes jobs into memory as the journal has them, then what crews hold of them, then the results put aside: in
    /// this order nothing is offered that is committed to be elsewhere.
    fn adopt(&mut self, page: Page, ctx: &mut ResidentContext<Self>) {
        let Page {
            asked,
            jobs,
            waiting,
            holdings,
            load,
            is_last,
        } = page;
        let ids: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
        #[cfg(feature = "failpoints")]
        fail::fail_point!("shard::adopt");
        let taken_up = jobs.len() + waiting.len();
        metrics::counter!("callboard_recovered_jobs_total").increment(taken_up as u64);
        if asked.is_none() {
            self.ports.recovery.take_up(self.ports.index, taken_up);
        }
        for job in jobs {
            self.lives += 1;
            let stay = self
                .reloading
                .get_mut(&job.id)
                .and_then(|reloading| reloading.stay.take());
            let (permit, gauge) = match stay {
                Some(stay) => (stay.permit, stay.gauge),
                None => (self.ports.admission.readmit(), self.ports.admission.gauge()),
            };
            let mut live = LiveJob::new(job, self.lives, permit, gauge);
            live.committed_as_it_is();
            self.jobs.insert(live.job.id, live);
        }
        for row in waiting {
            self.park_unread(row);
        }
        // What crews hold of jobs that this reading did not find, its last page gives back. Jobs of earlier pages have
        // gone on since, and those discarded again are read again.
        let is_left_over = |id: JobId| {
            let is_asked = asked.as_ref().is_none_or(|asked| asked.contains(&id));
            let is_elsewhere = self.jobs.contains_key(&id) || self.parking.knows(id);
            let is_read_again = self
                .reloading
                .get(&id)
                .is_some_and(|reloading| reloading.load != load);
            is_last && is_asked && !is_elsewhere && !is_read_again
        };
        let is_concerned = |key: TaskKey| {
            let (id, _, _) = attempt_of(key);
            ids.contains(&id) || is_left_over(id)
        };
        let concerned: Vec<(Arc<str>, Holding)> = holdings
            .iter()
            .flat_map(|(role, holdings)| holdings.iter().map(move |holding| (role, holding)))
            .filter(|(_, holding)| is_concerned(holding.key))
            .map(|(role, holding)| (role.clone(), *holding))
            .collect();
        let put_aside: Vec<TaskKey> = self
            .aside
            .keys()
            .copied()
            .filter(|key| is_concerned(*key))
            .collect();
        for (role, holding) in &concerned {
            if !self.refused.remove(&holding.key) {
                self.adopt_one(role, holding);
            }
        }
        let is_new_process = asked.is_none() && ctx.incarnation() == 1;
        for id in &ids {
            if self
                .reloading
                .get(id)
                .is_some_and(|reloading| reloading.load == load)
            {
                self.reloading.remove(id);
            }
            self.take_up(*id, is_new_process);
        }
        if is_last {
            self.reloading.retain(|_, reloading| reloading.load != load);
            if self.reloading.is_empty() {
                self.refused.clear();
            }
        }
        for key in put_aside {
            if let Some((role, report)) = self.aside.remove(&key) {
                self.task_reported(&role, report);
            }
        }
        for id in ids {
            self.rest(id);
        }
        if is_last && self.phase == Phase::Recovering {
            self.go_live(ctx);
        }
    }

    fn go_live(&mut self, ctx: &mut ResidentContext<Self>) {
        self.phase = Phase::Live;
        self.ports.recovery.live(self.ports.index);
        self.ports.recovered.send_replace(true);
        tracing::info!(
            shard = self.ports.index,
            jobs = self.jobs.len(),
            waiting = self.parking.len(),
            "holds its live jobs"
        );
        for message in std::mem::take(&mut self.backlog) {
            // Closed means that the universe is shutting down.
            let _ = ctx.handle().tell(message);
        }
    }

    /// Decides what was lost in hand, and sets going what must be under way.
    fn take_up(&mut self, id: JobId, is_new_process: bool) {
        let Some(live) = self.jobs.get(&id) else {
            return;
        };
        let adopt = Command::Adopt {
            held: live.held.keys().copied().collect::<Vec<TaskId>>(),
            is_new_process,
        };
        // What is decided here rests on the journal alone, and may be set going at once.
        let outstanding = match self.command(id, adopt, AfterCommit::default()) {
            Ok(()) => self.jobs[&id].job.outstanding(),
            // The job has ended.
            Err(_) => return,
        };
        self.run_effects(id, outstanding);
    }

    fn adopt_one(&mut self, role: &Arc<str>, holding: &Holding) {
        let (id, task, attempt) = attempt_of(holding.key);
        let dispatch = holding.key.dispatch;
        let crew = &self.ports.crews[role];
        let held = self.jobs.get_mut(&id).filter(|live| {
            let is_open = live.job.task(task).is_some_and(|task| {
                let open = matches!(
                    task.state,
                    TaskState::Ready | TaskState::Running | TaskState::Retrying
                );
                // What was handed out before the task last moved has been answered.
                open && task.attempt == attempt && rests_on(dispatch) >= task.moved
            });
            is_open && rests_on(dispatch) <= live.job.seq
        });
        match (held, holding.state) {
            (Some(live), HoldingState::Queued | HoldingState::Held) => {
                live.take_up(role, task, Held::queued(attempt, dispatch));
            }
            (Some(live), HoldingState::InHand(worker)) => {
                let worker = Some(worker.index);
                live.take_up(
                    role,
                    task,
                    Held {
                        worker,
                        ..Held::queued(attempt, dispatch)
                    },
                );
            }
            (None, HoldingState::Queued | HoldingState::InHand(_)) => crew.withdraw(holding.key),
            (None, HoldingState::Held) => crew.acknowledge(holding.key),
        }
    }
}
