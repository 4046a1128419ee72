//! The single steps that folding takes: tasks come, move and go, and the job's counts go with them.

use std::sync::Arc;

use super::{
    event::{JobEvent, TaskEntry},
    fold::{FoldError, Job},
    state::JobState,
    task::{Stage, Task, TaskState, Wait},
    wave,
};
use crate::{
    fact::{Claim, Fact, Standing, Verdict},
    id::{FactId, TaskId},
    time::Timestamp,
};

impl Job {
    pub(super) fn enter(&mut self, state: JobState) {
        self.state = state;
        self.waiting_for = None;
    }

    pub(super) fn add(&mut self, entry: &TaskEntry, stage: Stage) -> TaskId {
        let id =
            TaskId(u32::try_from(self.tasks.len()).expect("a plan has far fewer than 2^32 tasks"));
        self.names.insert(entry.name.clone(), id);
        self.tasks.push(Task::new(entry.clone(), stage));
        self.open_tasks += u32::from(stage == Stage::Execute);
        id
    }

    pub(super) fn link(
        &mut self,
        entries: &[TaskEntry],
        event: &JobEvent,
    ) -> Result<(), FoldError> {
        for entry in entries {
            let mut blocked_by = 0;
            for dependency in &entry.after {
                let dependency = self.task_mut(*dependency, event)?;
                if dependency.state != TaskState::Succeeded {
                    dependency.dependents.push(entry.id);
                    blocked_by += 1;
                }
            }
            self.task_mut(entry.id, event)?.blocked_by = blocked_by;
            if blocked_by == 0 {
                self.put(entry.id, TaskState::Ready, event)?;
            }
        }
        Ok(())
    }

    /// Moves a task to another state; what it waited for is over.
    pub(super) fn put(
        &mut self,
        id: TaskId,
        state: TaskState,
        event: &JobEvent,
    ) -> Result<&mut Task, FoldError> {
        let was = self.task_mut(id, event)?.state;
        if was.is_final() {
            return Err(self.out_of_place(event));
        }
        self.due_tasks += u32::from(state.is_due());
        self.due_tasks -= u32::from(was.is_due());
        let seq = self.seq + 1;
        let task = &mut self.tasks[id.index()];
        task.state = state;
        task.moved = seq;
        task.released = false;
        task.wait = None;
        task.wake_at = None;
        if matches!(state, TaskState::Retrying | TaskState::Succeeded) {
            task.deaths = 0;
        }
        Ok(task)
    }

    /// The attempt ends without an outcome, to go on when what it waits for has come.
    pub(super) fn put_off(
        &mut self,
        id: TaskId,
        wait: Wait,
        until: Option<Timestamp>,
        event: &JobEvent,
    ) -> Result<&mut Task, FoldError> {
        let task = self.put(id, TaskState::Waiting, event)?;
        task.wait = Some(wait);
        task.wake_at = until;
        task.intent = None;
        task.deaths = 0;
        Ok(task)
    }

    pub(super) fn finish(
        &mut self,
        id: TaskId,
        event: &JobEvent,
        at: Timestamp,
    ) -> Result<&mut Task, FoldError> {
        if self.task_mut(id, event)?.state.is_final() {
            return Err(self.out_of_place(event));
        }
        for unblocked in wave::unblocked_by(self, id) {
            self.put(unblocked, TaskState::Ready, event)?;
        }
        let dependents = std::mem::take(&mut self.task_mut(id, event)?.dependents);
        for dependent in dependents {
            let task = self.task_mut(dependent, event)?;
            task.blocked_by = task.blocked_by.saturating_sub(1);
        }
        self.succeeded_tasks += 1;
        self.recoveries = 0;
        let is_execute = self.tasks[id.index()].stage == Stage::Execute;
        self.open_tasks = self.open_tasks.saturating_sub(u32::from(is_execute));
        let task = self.put(id, TaskState::Succeeded, event)?;
        task.failure = None;
        task.intent = None;
        task.signal = None;
        task.finished_at = Some(at);
        Ok(task)
    }

    pub(super) fn end(&mut self, state: JobState, at: Timestamp) {
        self.enter(state);
        self.finished_at = Some(at);
        self.due_tasks = 0;
        for task in &mut self.tasks {
            task.state = match task.state {
                TaskState::Pending => TaskState::Skipped,
                TaskState::Ready
                | TaskState::Running
                | TaskState::Retrying
                | TaskState::Waiting => TaskState::Cancelled,
                settled @ (TaskState::Succeeded
                | TaskState::Failed
                | TaskState::Skipped
                | TaskState::Cancelled) => settled,
            };
        }
    }

    /// A process took the job up. If the one before died with it, whatever may have been in hand is suspected of it.
    pub(super) fn survive(&mut self, n: u32) {
        let (careful, died) = (self.is_careful(), n > self.recoveries);
        self.recoveries = n;
        for task in &mut self.tasks {
            let was_released = std::mem::take(&mut task.released);
            if !died || was_released {
                continue;
            }
            let suspect = match task.state {
                TaskState::Running => true,
                TaskState::Ready => !careful,
                TaskState::Pending
                | TaskState::Retrying
                | TaskState::Waiting
                | TaskState::Succeeded
                | TaskState::Failed
                | TaskState::Skipped
                | TaskState::Cancelled => false,
            };
            task.deaths += u32::from(suspect);
        }
    }

    pub(super) fn make_ready(
        &mut self,
        task: Option<TaskId>,
        event: &JobEvent,
    ) -> Result<(), FoldError> {
        let id = task.ok_or_else(|| self.out_of_place(event))?;
        self.put(id, TaskState::Ready, event).map(drop)
    }

    pub(super) fn record_claims(&mut self, task: TaskId, claims: &[Claim]) {
        for (index, claim) in (0..).zip(claims) {
            let id = FactId { task, index };
            let fact = Fact {
                id,
                claim: claim.clone(),
                standing: Standing::Claimed,
            };
            self.facts.insert(id, Arc::new(fact));
        }
    }

    pub(super) fn record_verdicts(&mut self, by: TaskId, verdicts: &[Verdict]) {
        for verdict in verdicts {
            if let Some(fact) = self.facts.get_mut(&verdict.fact()) {
                Arc::make_mut(fact).standing = match verdict {
                    Verdict::Verified { method, .. } => Standing::Verified {
                        by,
                        method: method.clone(),
                    },
                    Verdict::Refuted { reason, .. } => Standing::Refuted {
                        by,
                        reason: reason.clone(),
                    },
                };
            }
        }
    }

    pub(super) fn task_mut(
        &mut self,
        id: TaskId,
        event: &JobEvent,
    ) -> Result<&mut Task, FoldError> {
        let unknown = FoldError::UnknownTask {
            job: self.id,
            task: id,
            event: event.name(),
        };
        self.tasks.get_mut(id.index()).ok_or(unknown)
    }
}
