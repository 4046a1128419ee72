//! A job's state as the fold of its events.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
};

use serde::{Deserialize, Serialize};

use super::{
    event::{Consented, JobEvent},
    state::{JobState, WaitReason},
    task::{Consent, Intent, Stage, Task, TaskState, Wait},
};
use crate::{
    artifact::Artifact,
    fact::Fact,
    id::{FactId, JobId, TaskId, Tenant},
    outcome::{Failure, FailureKind},
    payload::Payload,
    policy::{EffectClass, OnExhausted},
    time::Timestamp,
    trace::TraceContext,
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
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
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
    /// The span of that request, if the job is traced.
    pub trace: Option<TraceContext>,
    pub on_exhausted: OnExhausted,
    pub state: JobState,
    pub waiting_for: Option<WaitReason>,
    pub paused: bool,
    /// Processes that took it up with tasks in hand since a task last succeeded.
    pub recoveries: u32,
    pub tasks: Vec<Task>,
    /// Tasks by name. Follows from `tasks`.
    #[serde(skip)]
    pub names: HashMap<Arc<str>, TaskId>,
    pub aggregate: Option<TaskId>,
    pub check: Option<TaskId>,
    pub facts: BTreeMap<FactId, Arc<Fact>>,
    pub artifacts: Vec<(TaskId, Artifact)>,
    /// Signals that no task has waited for yet, oldest first.
    pub signals: Vec<(Arc<str>, Payload)>,
    pub failure: Option<(Failure, Option<TaskId>)>,
    /// Seq of the last event folded; the first event of a job has seq 1.
    pub seq: u64,
    /// Tasks of the plan that have not succeeded, aggregate and check not counted.
    pub open_tasks: u32,
    pub succeeded_tasks: u32,
    /// Tasks that a crew has or will have without anybody's doing.
    pub due_tasks: u32,
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
            trace,
            on_exhausted,
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
            trace: *trace,
            on_exhausted: *on_exhausted,
            state: JobState::Queued,
            waiting_for: None,
            paused: false,
            recoveries: 0,
            tasks: Vec::new(),
            names: HashMap::new(),
            aggregate: None,
            check: None,
            facts: BTreeMap::new(),
            artifacts: Vec::new(),
            signals: Vec::new(),
            failure: None,
            seq: 1,
            open_tasks: 0,
            succeeded_tasks: 0,
            due_tasks: 0,
            created_at: at,
            started_at: None,
            finished_at: None,
        })
    }

    pub fn fold(&mut self, event: &JobEvent, at: Timestamp) -> Result<(), FoldError> {
        // What a person finds out about an effect may come after the end, and changes nothing but the ledger.
        if self.state.is_final() && !matches!(event, JobEvent::EffectResolved { .. }) {
            return Err(self.out_of_place(event));
        }
        if let Some((task, ran_ms)) = event.ran() {
            self.task_mut(task, event)?.ran_ms = Some(ran_ms);
        }
        match event {
            JobEvent::JobSubmitted { .. } => return Err(self.out_of_place(event)),
            JobEvent::JobPlanning { task } => {
                self.enter(JobState::Planning);
                self.started_at = Some(at);
                let id = self.add(task, Stage::Plan);
                self.put(id, TaskState::Ready, event)?;
            }
            JobEvent::JobPlanned {
                tasks,
                aggregate,
                check,
                ..
            } => {
                self.finish(TaskId::PLAN, event, at)?;
                for entry in tasks {
                    self.add(entry, Stage::Execute);
                }
                self.aggregate = Some(self.add(aggregate, Stage::Aggregate));
                self.check = check.as_ref().map(|entry| self.add(entry, Stage::Check));
                self.link(tasks, event)?;
                self.enter(JobState::Running);
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
                ..
            } => {
                let task = self.put(*task, TaskState::Retrying, event)?;
                task.attempt = *attempt;
                task.panics += u32::from(cause.kind == FailureKind::Panicked);
                task.failure = Some(cause.clone());
                task.wake_at = Some(*wake_at);
                task.intent = None;
            }
            JobEvent::TaskSnoozed { task, until, .. } => {
                self.put_off(*task, Wait::Timer, Some(*until), event)?
                    .snoozes += 1;
            }
            JobEvent::TaskWoken { task } => {
                self.put(*task, TaskState::Ready, event)?;
            }
            JobEvent::TaskStarted { task, effect, .. } => {
                let task = self.put(*task, TaskState::Running, event)?;
                task.intent = effect.map(|effect| Intent { effect, at });
            }
            JobEvent::TaskReleased { task, lost } => {
                let task = self.put(*task, TaskState::Ready, event)?;
                task.released = !lost;
                // A keyed effect is tried again under the entry it has.
                task.intent = task
                    .intent
                    .filter(|_| task.entry.effect == EffectClass::Keyed);
            }
            JobEvent::ApprovalRequested {
                approval,
                task,
                why,
                until,
                ..
            } => {
                let wait = Wait::Approval {
                    approval: *approval,
                    why: Arc::from(why.as_str()),
                    since: at,
                };
                self.put_off(*task, wait, Some(*until), event)?;
            }
            JobEvent::ApprovalDecided {
                approval,
                task,
                verdict,
                by,
                reason,
            } => match verdict {
                Consented::Approved => {
                    let task = self.put(*task, TaskState::Ready, event)?;
                    task.consent = Some(Consent {
                        approval: *approval,
                        by: by.clone(),
                        reason: reason.clone(),
                    });
                }
                // The failure of the task follows.
                Consented::Rejected | Consented::Expired => {}
            },
            JobEvent::SignalAwaited {
                task, name, until, ..
            } => {
                let wait = Wait::Signal { name: name.clone() };
                self.put_off(*task, wait, *until, event)?;
            }
            JobEvent::SignalReceived {
                name,
                payload,
                task,
            } => match task {
                Some(task) => {
                    self.put(*task, TaskState::Ready, event)?.signal = Some(payload.clone());
                }
                None => self.signals.push((name.clone(), payload.clone())),
            },
            JobEvent::SignalTaken { name, task, .. } => {
                let kept = self.signals.iter().position(|(kept, _)| kept == name);
                let kept = kept.ok_or_else(|| self.out_of_place(event))?;
                let (_, payload) = self.signals.remove(kept);
                let task = self.put(*task, TaskState::Ready, event)?;
                task.signal = Some(payload);
                task.intent = None;
            }
            JobEvent::EffectUnknown {
                effect,
                task,
                failure,
                ..
            } => {
                let wait = Wait::UnknownOutcome { effect: *effect };
                let task = self.put(*task, TaskState::Waiting, event)?;
                task.wait = Some(wait);
                task.failure = Some(failure.clone());
            }
            JobEvent::EffectResolved { task, .. } => self.task_mut(*task, event)?.intent = None,
            JobEvent::TaskExhausted { task, failure, .. } => {
                let task = self.put_off(*task, Wait::Operator, None, event)?;
                task.failure = Some(failure.clone());
            }
            JobEvent::TaskQuarantined { task, .. } => {
                self.put(*task, TaskState::Waiting, event)?.wait = Some(Wait::Operator);
            }
            JobEvent::TaskRenewed {
                task,
                attempt,
                attempts_max,
            } => {
                let task = self.put(*task, TaskState::Ready, event)?;
                task.attempt = *attempt;
                task.attempts_max = *attempts_max;
                (task.panics, task.deaths) = (0, 0);
            }
            JobEvent::TaskFailed { task, failure, .. } => {
                let task = self.put(*task, TaskState::Failed, event)?;
                task.failure = Some(failure.clone());
                task.intent = None;
                task.finished_at = Some(at);
            }
            JobEvent::JobRecovered { n } => self.survive(*n),
            JobEvent::JobPaused { .. } => self.paused = true,
            JobEvent::JobResumed { .. } => self.paused = false,
            JobEvent::JobWaiting { waiting_for } => {
                self.enter(JobState::Waiting);
                self.waiting_for = Some(waiting_for.clone());
            }
            JobEvent::JobRunning {} => self.enter(self.phase()),
            JobEvent::JobAggregating {} => {
                self.enter(JobState::Aggregating);
                self.make_ready(self.aggregate, event)?;
            }
            JobEvent::JobValidating {} => {
                self.enter(JobState::Validating);
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

    pub(super) fn out_of_place(&self, event: &JobEvent) -> FoldError {
        FoldError::OutOfPlace {
            job: self.id,
            event: event.name(),
            state: self.state.name(),
        }
    }
}
