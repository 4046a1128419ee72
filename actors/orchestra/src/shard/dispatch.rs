//! Offers ready tasks to their crews, at most a window's worth per job and role, and hears what crews say of them.

use std::{collections::HashMap, num::NonZeroU32, sync::Arc};

use callboard_runtime::{Notice, Offer, Refusal, Share, TaskKey, WorkerId};
use serde::Serialize;
use tokio::time::Instant;

use super::{
    Shard,
    live::{AfterCommit, Held, LiveJob},
};
use crate::{
    crew::{Delivery, RoleCrew},
    id::{JobId, TaskId, Tenant},
    job::{Command, Job, Task, TaskState},
    outcome::{Failure, FailureKind},
    policy::EffectClass,
};

/// The key under which a crew knows one handing out of an attempt.
pub(super) fn key_of(job: JobId, task: TaskId, attempt: u32, dispatch: u64) -> TaskKey {
    TaskKey {
        source: job.uuid().as_u128(),
        number: u64::from(task.0) << 32 | u64::from(attempt),
        dispatch,
    }
}

const SEQ_BITS: u32 = 32;

/// Names one handing out: the life of the job's memory it came from, and the seq of the last event it rests on. A task
/// may be handed out before that event is committed; should the commit fail, the seq tells that it rests on nothing.
fn dispatch_of(live: &LiveJob) -> u64 {
    // Fibonacci hashing (Knuth, TAOCP 3, 6.4): lives differ in their low bits and in their incarnation's.
    let life = live.life.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> SEQ_BITS;
    life << SEQ_BITS | (live.job.seq & ((1 << SEQ_BITS) - 1))
}

/// The seq that must be in the journal for a handing out to count.
pub(super) const fn rests_on(dispatch: u64) -> u64 {
    dispatch & ((1 << SEQ_BITS) - 1)
}

/// The attempt a key stands for.
pub(super) fn attempt_of(key: TaskKey) -> (JobId, TaskId, u32) {
    let job = JobId::from_uuid(uuid::Uuid::from_u128(key.source));
    let (task, attempt) = (key.number >> 32, key.number & u64::from(u32::MAX));
    let narrow = |half: u64| u32::try_from(half).expect("half of a u64 fits a u32");
    (job, TaskId(narrow(task)), narrow(attempt))
}

/// Data of the unnumbered frame `task.running`.
#[derive(Serialize)]
struct Running<'a> {
    task: TaskId,
    name: &'a str,
    role: &'a str,
    attempt: u32,
    worker: u32,
}

/// Data of the unnumbered frame `task.progress`.
#[derive(Serialize)]
struct Progress {
    task: TaskId,
    done: u64,
    total: u64,
}

impl Shard {
    /// Offers as many ready tasks of a job as its windows allow.
    pub(super) fn offer_ready(&mut self, id: JobId) {
        let Some(live) = self.jobs.get(&id) else {
            return;
        };
        for role in live.roles_with_ready_tasks() {
            self.offer_role(id, &role);
        }
    }

    fn offer_role(&mut self, id: JobId, role: &Arc<str>) {
        let is_starved = self
            .starved
            .get(role)
            .is_some_and(|starved| starved.contains(&id));
        if is_starved {
            return;
        }
        if self.is_held_back(id) {
            return self.release_unoffered(id);
        }
        // What a job that has ended in memory would still start, its committed end would only withdraw.
        let Some(live) = self
            .jobs
            .get_mut(&id)
            .filter(|live| !live.job.state.is_final())
        else {
            return;
        };
        let Some(crew) = self.ports.crews.get(role) else {
            return self.fail_unstaffed(id, role);
        };
        let mut to_start = Vec::new();
        while live.held_by_role.get(role).copied().unwrap_or_default() < self.ports.window
            && (!live.job.is_careful() || live.held.is_empty())
        {
            let Some(id_of_task) = live.next_ready(role) else {
                break;
            };
            let task = &live.job.tasks[id_of_task.index()];
            if !task.state.is_due() {
                continue;
            }
            let (attempt, timeout) = (task.attempt, task.entry.timeout);
            if needs_start(&live.job, task) {
                live.take_up(role, id_of_task, Held::starting(attempt));
                to_start.push(id_of_task);
                continue;
            }
            let dispatch = dispatch_of(live);
            let key = key_of(id, id_of_task, attempt, dispatch);
            let assignment = live.assignment(id_of_task, key);
            live.take_up(role, id_of_task, Held::queued(attempt, dispatch));
            crew.offer(Offer {
                key,
                owner: self.ports.owner(),
                share: share_of(&live.job.tenant, &self.ports.weights),
                priority: live.job.priority,
                timeout,
                task: assignment,
            });
        }
        for task in to_start {
            self.start(id, role, task);
        }
    }

    /// A plan of another release may name a role that no pack brings.
    fn fail_unstaffed(&mut self, id: JobId, role: &Arc<str>) {
        let next = self.jobs.get_mut(&id).and_then(|live| {
            let task = live.next_ready(role)?;
            Some((task, live.job.task(task)?.attempt))
        });
        let Some((task, attempt)) = next else { return };
        let failed = Command::TaskFailed {
            task,
            attempt,
            failure: Failure::new(
                FailureKind::Domain,
                format!("no pack brings the role {role}"),
            ),
            after: None,
        };
        // Refused means that the job has ended.
        let _ = self.command(id, failed, AfterCommit::default());
    }

    /// Has the start of a task committed; it is handed out after that.
    fn start(&mut self, id: JobId, role: &Arc<str>, task: TaskId) {
        let started = self.decide(id, Command::Start { task });
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        // Put off or decided meanwhile.
        let Ok(started) = started else {
            return live.put_down(role, task);
        };
        if let Some(held) = live.held.get_mut(&task) {
            held.starting = Some(live.job.seq);
        }
        self.carry_out(id, started, AfterCommit::default(), None);
    }

    /// True while nothing of the job may be handed out.
    fn is_held_back(&self, id: JobId) -> bool {
        self.is_draining() || self.jobs.get(&id).is_some_and(|live| live.job.paused)
    }

    /// Takes back the starts of tasks that will not be handed out, so that nobody takes them for lost in hand.
    pub(super) fn release_unoffered(&mut self, id: JobId) {
        let Some(live) = self.jobs.get(&id) else {
            return;
        };
        for (task, attempt) in live.unoffered_starts() {
            // Each release looks after the others again.
            let is_started = self
                .jobs
                .get(&id)
                .and_then(|live| live.job.task(task))
                .is_some_and(|task| task.state == TaskState::Running);
            if !is_started {
                continue;
            }
            let command = Command::Release {
                task,
                attempt,
                begun: false,
            };
            // Refused means that the job has ended.
            let _ = self.command(id, command, AfterCommit::default());
        }
    }

    pub(super) fn crew_notice(&mut self, role: &Arc<str>, notice: Notice<Delivery>) {
        match notice {
            Notice::Started { key, worker } => self.task_started(key, worker),
            Notice::Progress { key, done, total } => self.task_progressed(key, done, total),
            Notice::Finished(report) => self.task_reported(role, report),
            Notice::Refused { key, refusal } => self.task_refused(role, key, refusal),
            Notice::Room => {
                for id in self.starved.remove(role).unwrap_or_default() {
                    self.offer_role(id, role);
                }
            }
        }
    }

    fn task_started(&mut self, key: TaskKey, worker: WorkerId) {
        let (id, task, attempt) = attempt_of(key);
        let is_told = self.ports.ended.is_some();
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        let begun = (is_told && live.job.trace.is_some()).then(Instant::now);
        let Some(held) = live.held_under(key) else {
            return;
        };
        (held.worker, held.begun) = (Some(worker.index), begun);
        let now = self.ports.clock.now();
        held.taken_at = Some(now);
        // Watchers hear of nothing that is not committed.
        if live.committed_seq() < rests_on(key.dispatch) {
            return;
        }
        let entry = &live.job.tasks[task.index()].entry;
        let running = Running {
            task,
            name: &entry.name,
            role: &entry.role,
            attempt,
            worker: worker.index,
        };
        self.ports.hub.tick(id, "task.running", now, &running);
    }

    fn task_progressed(&mut self, key: TaskKey, done: u64, total: u64) {
        let (id, task, _) = attempt_of(key);
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        let Some(held) = live.held_under(key) else {
            return;
        };
        (held.done, held.total) = (done, total);
        // As of its start: nothing that is not committed.
        if live.committed_seq() < rests_on(key.dispatch) {
            return;
        }
        self.ports.hub.tick(
            id,
            "task.progress",
            self.ports.clock.now(),
            &Progress { task, done, total },
        );
    }

    fn task_refused(&mut self, role: &Arc<str>, key: TaskKey, refusal: Refusal) {
        let (id, task, attempt) = attempt_of(key);
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        if live.held_under(key).is_none() {
            return;
        }
        match refusal {
            Refusal::Busy | Refusal::Draining => {
                live.put_back(role, task);
                self.starved.entry(role.clone()).or_default().insert(id);
                if self.is_held_back(id) {
                    self.release_unoffered(id);
                }
            }
            Refusal::BreakerOpen { retry_after } => {
                live.put_down(role, task);
                let failure = Failure::new(
                    FailureKind::BreakerOpen,
                    format!("the breaker of {role} is open"),
                );
                let command = Command::TaskFailed {
                    task,
                    attempt,
                    failure,
                    after: Some(retry_after),
                };
                // Refused means that the job has ended meanwhile.
                let _ = self.command(id, command, AfterCommit::default());
            }
        }
    }

    pub(super) fn withdraw_all(&mut self, id: JobId) {
        let Some(live) = self.jobs.get_mut(&id) else {
            return;
        };
        live.forget_ready();
        let held = std::mem::take(&mut live.held);
        live.held_by_role.clear();
        let job = &self.jobs[&id].job;
        for (task, held) in &held {
            self.tell_withdrawn(job, *task, held);
            self.take_back(job, *task, held);
        }
        for starved in self.starved.values_mut() {
            starved.remove(&id);
        }
    }

    /// Asks the crew that holds a task for it.
    pub(super) fn take_back(&self, job: &Job, task: TaskId, held: &Held) {
        let role = &job.tasks[task.index()].entry.role;
        self.ports.crews[role].withdraw(key_of(job.id, task, held.attempt, held.dispatch));
    }

    pub(super) fn enrol(&self, ctx: &mut callboard_runtime::ResidentContext<Self>) {
        for (role, crew) in self.ports.crews.iter() {
            let (role, me) = (role.clone(), ctx.handle());
            let tell = move |notice| {
                // Closed means that the universe is shutting down.
                let _ = me.tell(super::ShardMessage::Crew {
                    role: role.clone(),
                    notice,
                });
            };
            RoleCrew::enrol(crew, self.ports.owner(), Arc::new(tell));
        }
    }
}

/// Whether the journal is to know of the attempt before it is handed out.
fn needs_start(job: &Job, task: &Task) -> bool {
    task.state != TaskState::Running
        && (job.is_careful() || task.entry.effect != EffectClass::Idempotent)
}

/// A tenant's fairness class in a crew's queue, by FNV-1a (Fowler, Noll, Vo), with the weight it is given.
fn share_of(tenant: &Tenant, weights: &HashMap<Tenant, NonZeroU32>) -> Share {
    let class = tenant
        .as_str()
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x100_0000_01b3)
        });
    Share {
        class,
        weight: weights.get(tenant).copied().unwrap_or(NonZeroU32::MIN),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_gives_back_the_attempt_it_stands_for() {
        let attempt = (JobId::mint(), TaskId(70_000), 3);
        assert_eq!(
            attempt_of(key_of(attempt.0, attempt.1, attempt.2, 7)),
            attempt
        );
    }
}
