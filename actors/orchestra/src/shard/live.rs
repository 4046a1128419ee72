//! A live job in a shard's memory: its state, what waits for a commit, and what crews hold of it.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    sync::Arc,
};

use callboard_runtime::TaskKey;
use tokio::sync::OwnedSemaphorePermit;

use super::message::{CancelReceipt, CancelReply, CommandError, HeldTask, SubmitReply};
use crate::{
    admission::TaskGauge,
    id::TaskId,
    job::{Effect, Job, JobEvent, TaskState},
    journal::{JobRow, row_of},
    time::Timestamp,
};

/// What else follows from a commit.
#[derive(Default)]
pub(super) struct AfterCommit {
    /// The crew may forget this result.
    pub acknowledge: Option<(Arc<str>, TaskKey)>,
    pub cancelled: Option<CancelReply>,
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
    pub worker: Option<u32>,
    pub done: u64,
    pub total: u64,
}

impl Held {
    pub(super) const fn queued(attempt: u32) -> Self {
        Self {
            attempt,
            worker: None,
            done: 0,
            total: 0,
        }
    }
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
    gauge: TaskGauge,
    _permit: Option<OwnedSemaphorePermit>,
}

impl LiveJob {
    pub(super) fn new(
        job: Job,
        life: u64,
        permit: Option<OwnedSemaphorePermit>,
        gauge: TaskGauge,
    ) -> Self {
        let mut live = Self {
            job,
            life,
            committed: None,
            ready: HashMap::new(),
            is_ready: HashSet::new(),
            held: HashMap::new(),
            held_by_role: HashMap::new(),
            pending: VecDeque::new(),
            submitters: Vec::new(),
            gauge,
            _permit: permit,
        };
        live.count_tasks();
        live
    }

    pub(super) fn fold(&mut self, events: &[JobEvent], at: Timestamp) {
        for event in events {
            self.job.fold(event, at).expect("a command's events fold");
        }
        self.count_tasks();
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

    pub(super) fn answer_when_committed(&mut self, reply: SubmitReply) {
        match &self.committed {
            // Err means that the caller has gone.
            Some(row) => drop(reply.send(Ok(row.clone()))),
            None => self.submitters.push(reply),
        }
    }

    pub(super) fn make_ready(&mut self, task: TaskId) {
        let open = self.job.task(task).filter(|task| !task.state.is_final());
        let Some(role) = open.map(|task| task.entry.role.clone()) else {
            return;
        };
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
        for cancelled in self
            .pending
            .drain(..)
            .filter_map(|pending| pending.after.cancelled)
        {
            let _ = cancelled.send(Err(CommandError::Unavailable));
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

    pub(super) fn held_attempt(&mut self, task: TaskId, attempt: u32) -> Option<&mut Held> {
        self.held
            .get_mut(&task)
            .filter(|held| held.attempt == attempt)
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
            .map(|(task, held)| HeldTask {
                task: *task,
                attempt: held.attempt,
                worker: held.worker,
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
        }
    }

    fn count_tasks(&mut self) {
        let unfinished = if self.job.state.is_final() {
            0
        } else {
            self.job.tasks.len() - self.job.succeeded_tasks as usize
        };
        self.gauge.set(unfinished);
    }
}
