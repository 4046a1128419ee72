//! A job's state as the fold of its events.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use super::{
    event::{JobEvent, TaskEntry},
    state::{JobState, WaitReason},
    task::{Stage, Task, TaskState},
    wave,
};
use crate::{
    artifact::Artifact,
    fact::{Claim, Fact, Standing, Verdict},
    id::{FactId, JobId, TaskId, Tenant},
    outcome::Failure,
    payload::Payload,
    time::Timestamp,
};

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum FoldError {
    #[error("job {0} has no events")]
    Empty(JobId),
    #[error("job {0} does not begin with its submission")]
    NotSubmitted(JobId),
    #[error("event `{event}` names task {task}, which job {job} does not have")]
    UnknownTask {
        job: JobId,
        task: TaskId,
        event: &'static str,
    },
    #[error("event `{event}` cannot follow in job {job}, which is {state}")]
    OutOfPlace {
        job: JobId,
        event: &'static str,
        state: &'static str,
    },
}

/// A job in memory. Fields are read by everyone and written by `fold` alone.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    pub id: JobId,
    pub tenant: Tenant,
    pub kind: Arc<str>,
    pub input: Payload,
    pub priority: u8,
    pub labels: BTreeMap<String, String>,
    pub deadline: Option<Timestamp>,
    pub seed: u64,
    pub request_id: Option<Arc<str>>,
    pub state: JobState,
    pub waiting_for: Option<WaitReason>,
    pub tasks: Vec<Task>,
    pub names: HashMap<Arc<str>, TaskId>,
    pub aggregate: Option<TaskId>,
    pub check: Option<TaskId>,
    pub facts: BTreeMap<FactId, Arc<Fact>>,
    pub artifacts: Vec<(TaskId, Artifact)>,
    pub failure: Option<(Failure, Option<TaskId>)>,
    /// Seq of the last event folded; the first event of a job has seq 1.
    pub seq: u64,
    /// Tasks of the plan that have not succeeded, aggregate and check not counted.
    pub open_tasks: u32,
    pub succeeded_tasks: u32,
    pub created_at: Timestamp,
    pub started_at: Option<Timestamp>,
    pub finished_at: Option<Timestamp>,
}

impl Job {
    /// The job that `events`, with the instant of each, add up to.
    pub fn replay<'a>(
        id: JobId,
        events: impl IntoIterator<Item = (&'a JobEvent, Timestamp)>,
    ) -> Result<Self, FoldError> {
        let mut events = events.into_iter();
        let (first, at) = events.next().ok_or(FoldError::Empty(id))?;
        let mut job = Self::begin(id, first, at)?;
        for (event, at) in events {
            job.fold(event, at)?;
        }
        Ok(job)
    }

    /// The job that `job.submitted` begins.
    pub fn begin(id: JobId, event: &JobEvent, at: Timestamp) -> Result<Self, FoldError> {
        let JobEvent::JobSubmitted {
            tenant,
            kind,
            input,
            priority,
            labels,
            deadline,
            seed,
            request_id,
        } = event
        else {
            return Err(FoldError::NotSubmitted(id));
        };
        Ok(Self {
            id,
            tenant: tenant.clone(),
            kind: kind.clone(),
            input: input.clone(),
            priority: *priority,
            labels: labels.clone(),
            deadline: *deadline,
            seed: *seed,
            request_id: request_id.clone(),
            state: JobState::Queued,
            waiting_for: None,
            tasks: Vec::new(),
            names: HashMap::new(),
            aggregate: None,
            check: None,
            facts: BTreeMap::new(),
            artifacts: Vec::new(),
            failure: None,
            seq: 1,
            open_tasks: 0,
            succeeded_tasks: 0,
            created_at: at,
            started_at: None,
            finished_at: None,
        })
    }

    pub fn fold(&mut self, event: &JobEvent, at: Timestamp) -> Result<(), FoldError> {
        if self.state.is_final() {
            return Err(self.out_of_place(event));
        }
        match event {
            JobEvent::JobSubmitted { .. } => return Err(self.out_of_place(event)),
            JobEvent::JobPlanning { task } => {
                self.state = JobState::Planning;
                self.started_at = Some(at);
                let id = self.add(task, Stage::Plan);
                self.tasks[id.index()].state = TaskState::Ready;
            }
            JobEvent::JobPlanned {
                tasks,
                aggregate,
                check,
            } => {
                self.finish(TaskId::PLAN, event, at)?;
                for entry in tasks {
                    self.add(entry, Stage::Execute);
                }
                self.aggregate = Some(self.add(aggregate, Stage::Aggregate));
                self.check = check.as_ref().map(|entry| self.add(entry, Stage::Check));
                self.link(tasks, event)?;
                self.state = JobState::Running;
            }
            JobEvent::TasksAdded { tasks, .. } => {
                for entry in tasks {
                    self.add(entry, Stage::Execute);
                }
                self.link(tasks, event)?;
            }
            JobEvent::TaskSucceeded {
                task,
                product,
                claims,
                verdicts,
                artifacts,
                ..
            } => {
                self.finish(*task, event, at)?.product = Some(product.clone());
                self.record_claims(*task, claims);
                self.record_verdicts(*task, verdicts);
                self.artifacts
                    .extend(artifacts.iter().map(|artifact| (*task, artifact.clone())));
            }
            JobEvent::TaskRetried {
                task,
                attempt,
                cause,
                at: wake_at,
            } => {
                let task = self.task_mut(*task, event)?;
                task.state = TaskState::Retrying;
                task.attempt = *attempt;
                task.panics += u32::from(cause.kind == crate::outcome::FailureKind::Panicked);
                task.failure = Some(cause.clone());
                task.wake_at = Some(*wake_at);
            }
            JobEvent::TaskSnoozed { task, until } => {
                let task = self.task_mut(*task, event)?;
                task.state = TaskState::Waiting;
                task.wake_at = Some(*until);
            }
            JobEvent::TaskReleased { task } => {
                self.task_mut(*task, event)?.state = TaskState::Ready
            }
            JobEvent::TaskFailed { task, failure, .. } => {
                let task = self.task_mut(*task, event)?;
                task.state = TaskState::Failed;
                task.failure = Some(failure.clone());
                task.finished_at = Some(at);
            }
            JobEvent::JobWaiting { waiting_for } => {
                self.state = JobState::Waiting;
                self.waiting_for = Some(*waiting_for);
            }
            JobEvent::JobRunning {} => {
                self.state = JobState::Running;
                self.waiting_for = None;
            }
            JobEvent::JobAggregating {} => {
                self.state = JobState::Aggregating;
                self.make_ready(self.aggregate, event)?;
            }
            JobEvent::JobValidating {} => {
                self.state = JobState::Validating;
                self.make_ready(self.check, event)?;
            }
            JobEvent::JobSucceeded {} => self.end(JobState::Succeeded, at),
            JobEvent::JobFailed { failure, task } => {
                self.failure = Some((failure.clone(), *task));
                self.end(JobState::Failed, at);
            }
            JobEvent::JobCancelled { .. } => self.end(JobState::Cancelled, at),
        }
        self.seq += 1;
        Ok(())
    }

    pub fn task(&self, id: TaskId) -> Option<&Task> {
        self.tasks.get(id.index())
    }

    /// The product of the aggregate, once the job has succeeded.
    pub fn result(&self) -> Option<&Payload> {
        match self.state {
            JobState::Succeeded => self
                .aggregate
                .and_then(|id| self.task(id)?.product.as_ref()),
            JobState::Queued
            | JobState::Planning
            | JobState::Running
            | JobState::Waiting
            | JobState::Aggregating
            | JobState::Validating
            | JobState::Failed
            | JobState::Cancelled => None,
        }
    }

    fn add(&mut self, entry: &TaskEntry, stage: Stage) -> TaskId {
        let id =
            TaskId(u32::try_from(self.tasks.len()).expect("a plan has far fewer than 2^32 tasks"));
        self.names.insert(entry.name.clone(), id);
        self.tasks.push(Task::new(entry.clone(), stage));
        self.open_tasks += u32::from(stage == Stage::Execute);
        id
    }

    fn link(&mut self, entries: &[TaskEntry], event: &JobEvent) -> Result<(), FoldError> {
        for entry in entries {
            let mut blocked_by = 0;
            for dependency in &entry.after {
                let dependency = self.task_mut(*dependency, event)?;
                if dependency.state != TaskState::Succeeded {
                    dependency.dependents.push(entry.id);
                    blocked_by += 1;
                }
            }
            let task = self.task_mut(entry.id, event)?;
            task.blocked_by = blocked_by;
            if blocked_by == 0 {
                task.state = TaskState::Ready;
            }
        }
        Ok(())
    }

    fn finish(
        &mut self,
        id: TaskId,
        event: &JobEvent,
        at: Timestamp,
    ) -> Result<&mut Task, FoldError> {
        let out_of_place = self.out_of_place(event);
        if self.task_mut(id, event)?.state.is_final() {
            return Err(out_of_place);
        }
        for unblocked in wave::unblocked_by(self, id) {
            self.tasks[unblocked.index()].state = TaskState::Ready;
        }
        let dependents = std::mem::take(&mut self.task_mut(id, event)?.dependents);
        for dependent in dependents {
            let task = self.task_mut(dependent, event)?;
            task.blocked_by = task.blocked_by.saturating_sub(1);
        }
        self.succeeded_tasks += 1;
        let is_execute = self.tasks[id.index()].stage == Stage::Execute;
        self.open_tasks = self.open_tasks.saturating_sub(u32::from(is_execute));
        let task = &mut self.tasks[id.index()];
        task.state = TaskState::Succeeded;
        task.failure = None;
        task.wake_at = None;
        task.finished_at = Some(at);
        Ok(task)
    }

    fn end(&mut self, state: JobState, at: Timestamp) {
        self.state = state;
        self.waiting_for = None;
        self.finished_at = Some(at);
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

    fn make_ready(&mut self, task: Option<TaskId>, event: &JobEvent) -> Result<(), FoldError> {
        let id = task.ok_or_else(|| self.out_of_place(event))?;
        self.task_mut(id, event)?.state = TaskState::Ready;
        Ok(())
    }

    fn record_claims(&mut self, task: TaskId, claims: &[Claim]) {
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

    fn record_verdicts(&mut self, by: TaskId, verdicts: &[Verdict]) {
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

    fn task_mut(&mut self, id: TaskId, event: &JobEvent) -> Result<&mut Task, FoldError> {
        let unknown = FoldError::UnknownTask {
            job: self.id,
            task: id,
            event: event.name(),
        };
        self.tasks.get_mut(id.index()).ok_or(unknown)
    }

    fn out_of_place(&self, event: &JobEvent) -> FoldError {
        FoldError::OutOfPlace {
            job: self.id,
            event: event.name(),
            state: self.state.name(),
        }
    }
}
