//! A live job in a shard's memory: its state, what waits for a commit, and what crews hold of it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use callboard_runtime::TaskKey;
use tokio::{sync::OwnedSemaphorePermit, time::Instant};

use super::{
    dispatch::attempt_of,
    message::{CancelReceipt, CommandError, ControlReply, Controlled, HeldTask, SubmitReply},
    parked::Stay,
};
use crate::{
    admission::TaskGauge,
    id::TaskId,
    job::{Effect, Job, JobEvent, JobState, Task, TaskState},
    journal::{JobRow, row_of},
    time::Timestamp,
};

/// What else follows from a commit.
#[derive(Default)]
pub(super) struct AfterCommit {
    /// The crew may forget this result.
    pub acknowledge: Option<(Arc<str>, TaskKey)>,
    pub controlled: Option<ControlReply>,
}

/// A record on its way to the journal, and what follows from it.
pub(super) struct Pending {
    pub last_seq: u64,
    pub events: Arc<[JobEvent]>,
    pub row: Arc<JobRow>,
    pub effects: Vec<Effect>,
    pub after: AfterCommit,
}

/// A task that was offered to its crew and whose result is not in the job yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Held {
    pub attempt: u32,
    /// Which handing out: see `dispatch_of`.
    pub dispatch: u64,
    /// Seq of its start, which is being committed: the crew has not been offered it.
    pub starting: Option<u64>,
    pub worker: Option<u32>,
    /// When the worker took it; None also where the shard began anew since.
    pub taken_at: Option<Timestamp>,
    /// The same for the span of a job that is traced, finer than milliseconds.
    pub begun: Option<Instant>,
    pub done: u64,
    pub total: u64,
}

impl Held {
    pub(super) const fn queued(attempt: u32, dispatch: u64) -> Self {
        Self {
            attempt,
            dispatch,
            starting: None,
            worker: None,
            begun: None,
            taken_at: None,
            done: 0,
            total: 0,
        }
    }

    /// Until the seq of the start is known, none is high enough.
    pub(super) const fn starting(attempt: u32) -> Self {
        Self {
            starting: Some(u64::MAX),
            ..Self::queued(attempt, 0)
        }
    }
}

/// A task of an ended job whose effect may or may not have taken place.
fn is_open(task: &&Task) -> bool {
    task.state == TaskState::Cancelled && task.intent.is_some()
}

pub(super) struct LiveJob {
    pub job: Job,
    /// Distinguishes this memory of the job from an earlier one that was discarded.
    pub life: u64,
    /// The job as last committed; none before its submission is.
    committed: Option<Arc<JobRow>>,
    /// Ready tasks not offered yet, by role, and all of them together.
    ready: HashMap<Arc<str>, VecDeque<TaskId>>,
    is_ready: HashSet<TaskId>,
    pub held: HashMap<TaskId, Held>,
    /// Tasks held, by role: the window's measure.
    pub held_by_role: HashMap<Arc<str>, usize>,
    pending: VecDeque<Pending>,
    submitters: Vec<SubmitReply>,
    /// One of them waits for nothing but the commit.
    hurried: bool,
    /// It had ended before it was read: its end is not this memory's doing.
    pub is_past: bool,
    /// Seq of its last snapshot, or at which it was read.
    pub snapshot_seq: u64,
    gauge: TaskGauge,
    permit: Option<OwnedSemaphorePermit>,
}

impl LiveJob {
    pub(super) fn new(
        job: Job,
        life: u64,
        permit: Option<OwnedSemaphorePermit>,
        gauge: TaskGauge,
    ) -> Self {
        let mut live = Self {
            snapshot_seq: job.seq,
            job,
            life,
            committed: None,
            ready: HashMap::new(),
            is_ready: HashSet::new(),
            held: HashMap::new(),
            held_by_role: HashMap::new(),
            pending: VecDeque::new(),
            submitters: Vec::new(),
            hurried: false,
            is_past: false,
            gauge,
            permit,
        };
        live.count_tasks();
        live
    }

    /// The job is in the journal as it is here.
    pub(super) fn committed_as_it_is(&mut self) {
        self.committed = Some(Arc::new(row_of(&self.job)));
    }

    /// Keeps what the events just folded lead to until they are committed.
    pub(super) fn pend(&mut self, pending: Pending) {
        self.pending.push_back(pending);
    }

    /// Lets effects without an event of their own follow the records that are on their way; gives them back when none
    /// are.
    pub(super) fn pend_behind(&mut self, effects: Vec<Effect>) -> Vec<Effect> {
        match self.pending.back_mut() {
            Some(last) => {
                last.effects.extend(effects);
                Vec::new()
            }
            None => effects,
        }
    }

    /// Takes the records up to `last_seq` off the queue, and answers submitters when there were any.
    pub(super) fn take_committed(&mut self, last_seq: u64) -> Vec<Pending> {
        let count = self
            .pending
            .iter()
            .take_while(|pending| pending.last_seq <= last_seq)
            .count();
        let committed: Vec<Pending> = self.pending.drain(..count).collect();
        if let Some(last) = committed.last() {
            self.committed = Some(last.row.clone());
            for submitter in self.submitters.drain(..) {
                // Err means that the caller has gone.
                let _ = submitter.send(Ok(last.row.clone()));
            }
        }
        committed
    }

    pub(super) fn answer_when_committed(&mut self, reply: SubmitReply, patient: bool) {
        match &self.committed {
            // Err means that the caller has gone.
            Some(row) => drop(reply.send(Ok(row.clone()))),
            None => {
                self.submitters.push(reply);
                self.hurried |= !patient;
            }
        }
    }

    /// True while a submitter waits for the commit and not for the end of the job.
    pub(super) fn is_hurried(&self) -> bool {
        self.hurried && !self.submitters.is_empty()
    }

    pub(super) fn make_ready(&mut self, task: TaskId) {
        let due = self.job.task(task).filter(|task| task.state.is_due());
        let Some(role) = due.map(|task| task.entry.role.clone()) else {
            return;
        };
        let start = self.held.get(&task).and_then(|held| held.starting);
        // Another effect may ask for the task while its start is still being committed.
        if start.is_some_and(|seq| seq <= self.committed_seq()) {
            return self.put_back(&role, task);
        }
        if !self.held.contains_key(&task) && self.is_ready.insert(task) {
            self.ready.entry(role).or_default().push_back(task);
        }
    }

    pub(super) fn roles_with_ready_tasks(&self) -> Vec<Arc<str>> {
        let waiting = self.ready.iter().filter(|(_, queue)| !queue.is_empty());
        waiting.map(|(role, _)| role.clone()).collect()
    }

    pub(super) fn next_ready(&mut self, role: &str) -> Option<TaskId> {
        let task = self.ready.get_mut(role)?.pop_front()?;
        self.is_ready.remove(&task);
        Some(task)
    }

    /// A crew did not take the task: it is the next to be offered.
    pub(super) fn put_back(&mut self, role: &Arc<str>, task: TaskId) {
        self.put_down(role, task);
        if self.is_ready.insert(task) {
            self.ready.entry(role.clone()).or_default().push_front(task);
        }
    }

    pub(super) fn forget_ready(&mut self) {
        self.ready.clear();
        self.is_ready.clear();
    }

    /// Tells everyone who waits for a commit that it failed.
    pub(super) fn fail_replies(&mut self) {
        for submitter in self.submitters.drain(..) {
            let _ = submitter.send(Err(CommandError::Unavailable));
        }
        for controlled in self
            .pending
            .drain(..)
            .filter_map(|pending| pending.after.controlled)
        {
            let _ = controlled.send(Err(CommandError::Unavailable));
        }
    }

    /// True when `key` is a result that a pending record carries.
    pub(super) fn is_settling(&self, key: TaskKey) -> bool {
        self.pending.iter().any(|pending| {
            pending
                .after
                .acknowledge
                .as_ref()
                .is_some_and(|(_, k)| *k == key)
        })
    }

    pub(super) fn has_pending(&self) -> bool {
        !self.pending.is_empty()
    }

    /// The end is committed and nothing waits for it any more.
    pub(super) fn is_over(&self) -> bool {
        self.job.state.is_final() && self.pending.is_empty()
    }

    pub(super) fn take_up(&mut self, role: &Arc<str>, task: TaskId, held: Held) {
        if self.held.insert(task, held).is_none() {
            *self.held_by_role.entry(role.clone()).or_default() += 1;
        }
    }

    /// The task under `key`, if it is what was last handed out of it.
    pub(super) fn held_under(&mut self, key: TaskKey) -> Option<&mut Held> {
        let (_, task, attempt) = attempt_of(key);
        self.held.get_mut(&task).filter(|held| {
            held.attempt == attempt && held.dispatch == key.dispatch && held.starting.is_none()
        })
    }

    pub(super) fn put_down(&mut self, role: &str, task: TaskId) {
        if self.held.remove(&task).is_some()
            && let Some(count) = self.held_by_role.get_mut(role)
        {
            *count -= 1;
        }
    }

    pub(super) fn held(&self) -> Vec<HeldTask> {
        let mut held: Vec<_> = self
            .held
            .iter()
            .filter(|(_, held)| held.starting.is_none())
            .map(|(task, held)| HeldTask {
                task: *task,
                attempt: held.attempt,
                worker: held.worker,
                taken_at: held.taken_at,
                done: held.done,
                total: held.total,
            })
            .collect();
        held.sort_by_key(|held| held.task);
        held
    }

    pub(super) fn name_and_role(&self, task: TaskId) -> (&str, &str) {
        let entry = &self.job.tasks[task.index()].entry;
        (&entry.name, &entry.role)
    }

    pub(super) fn receipt(&self) -> CancelReceipt {
        let count = |state: TaskState| {
            self.job
                .tasks
                .iter()
                .filter(|task| task.state == state)
                .count()
        };
        let bounded =
            |count: usize| u32::try_from(count).expect("a plan has far fewer than 2^32 tasks");
        CancelReceipt {
            stopped: bounded(count(TaskState::Cancelled) + count(TaskState::Skipped)),
            already_done: bounded(count(TaskState::Succeeded)),
            unknown_outcome: bounded(self.job.tasks.iter().filter(is_open).count()),
        }
    }

    /// What a caller hears of a command that was committed.
    pub(super) fn controlled(&self) -> Controlled {
        Controlled {
            row: Arc::new(row_of(&self.job)),
            receipt: self.receipt(),
        }
    }

    /// Seq of the last committed event; 0 before the submission is.
    pub(super) fn committed_seq(&self) -> u64 {
        self.committed.as_ref().map_or(0, |row| row.seq)
    }

    /// Tasks whose start is committed and that no crew has been offered.
    pub(super) fn unoffered_starts(&self) -> Vec<(TaskId, u32)> {
        let started = |id: &TaskId| {
            self.job
                .task(*id)
                .filter(|task| task.state == TaskState::Running)
                .map(|task| (*id, task.attempt))
        };
        self.is_ready.iter().filter_map(started).collect()
    }

    /// True when nothing but the clock or a caller moves the job: it may leave the memory.
    pub(super) fn is_parkable(&self) -> bool {
        self.job.state == JobState::Waiting && self.pending.is_empty() && self.held.is_empty()
    }

    /// True when the job has nothing to wait for and nothing under way: a fault of the machine.
    pub(super) fn is_stuck(&self) -> bool {
        !self.job.state.is_final()
            && self.job.state != JobState::Waiting
            && self.pending.is_empty()
            && self.held.is_empty()
            && self.is_ready.is_empty()
    }

    /// Leaves what a parked job keeps of its admission.
    pub(super) fn into_stay(self) -> Stay {
        Stay {
            tenant: self.job.tenant.clone(),
            gauge: self.gauge,
            permit: self.permit,
        }
    }

    pub(super) fn count_tasks(&mut self) {
        let unfinished = if self.job.state.is_final() {
            0
        } else {
            self.job.tasks.len() - self.job.succeeded_tasks as usize
        };
        self.gauge.set(unfinished);
    }
}
