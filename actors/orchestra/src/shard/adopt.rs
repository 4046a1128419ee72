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

impl Shard {
    pub(super) fn recover(&mut self, ctx: &mut ResidentContext<Self>) {
        self.lives = ctx.incarnation() << LIVES_BITS;
        self.ports.recovered.send_replace(false);
        self.load(None, ctx);
    }

    /// Whether the memory of the job that a result belongs to is to be trusted.
    pub(super) fn holds(&self, key: TaskKey) -> bool {
        let (id, _, _) = attempt_of(key);
        let is_read = self.phase == Phase::Live || self.jobs.contains_key(&id);
        is_read && !self.reloading.contains(&id)
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
            Recovery::Adopt(page) => self.adopt(page, ctx),
            Recovery::Fetched { asked, jobs } => self.fetched(asked, jobs, ctx),
        }
    }

    fn load(&mut self, asked: Option<Vec<JobId>>, ctx: &mut ResidentContext<Self>) {
        let reader = Reader {
            ports: self.ports.clone(),
            shard: ctx.handle(),
            incarnation: ctx.incarnation(),
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
            is_last,
        } = page;
        let ids: HashSet<JobId> = jobs.iter().map(|job| job.id).collect();
        metrics::counter!("callboard_recovered_jobs_total")
            .increment((jobs.len() + waiting.len()) as u64);
        for job in jobs {
            self.lives += 1;
            let (permit, gauge) = (self.ports.admission.readmit(), self.ports.admission.gauge());
            let mut live = LiveJob::new(job, self.lives, permit, gauge);
            live.committed_as_it_is();
            self.jobs.insert(live.job.id, live);
        }
        for row in waiting {
            self.park_unread(row);
        }
        let is_concerned = |key: TaskKey| {
            let (id, _, _) = attempt_of(key);
            match &asked {
                _ if ids.contains(&id) => true,
                Some(asked) => is_last && asked.contains(&id),
                None => is_last,
            }
        };
        for (role, holdings) in &*holdings {
            for holding in holdings.iter().filter(|holding| is_concerned(holding.key)) {
                self.adopt_one(role, holding);
            }
        }
        let is_new_process = asked.is_none() && ctx.incarnation() == 1;
        for id in &ids {
            self.reloading.remove(id);
            self.take_up(*id, is_new_process);
        }
        if is_last {
            match &asked {
                Some(asked) => self.reloading.retain(|id| !asked.contains(id)),
                None => self.reloading.clear(),
            }
        }
        let reports: Vec<_> = self.aside.extract_if(|key, _| is_concerned(*key)).collect();
        for (_, (role, report)) in reports {
            self.task_reported(&role, report);
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
                open && task.attempt == attempt
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
