//! What happened to a job. Events are the truth: the state of a job is their fold, and streams carry them as they are.
//!
//! Events carry every figure that was drawn or configured when they were made (ids, delays, limits), so that the fold
//! needs no clock, randomness or configuration. A change of shape raises `EVENTS_VERSION` and adds an upcast in
//! `journal::codec`.
//!
//! Of the events that an attempt ends with, `ran_ms` is how long a worker had it, in milliseconds; none where no worker
//! had it, and in journals of releases that did not say.

use std::{collections::BTreeMap, sync::Arc, time::Duration};

use serde::{Deserialize, Serialize};

use super::state::WaitReason;
use crate::{
    artifact::Artifact,
    fact::{Claim, Verdict},
    id::{ApprovalId, EffectId, FactId, TaskId, Tenant},
    outcome::Failure,
    payload::Payload,
    policy::{EffectClass, OnExhausted, RetryPolicy, millis},
    time::Timestamp,
    trace::TraceContext,
};

/// Version of the event vocabulary that this release writes.
pub const EVENTS_VERSION: u16 = 2;

/// A task as the plan settled it: names resolved to ids, defaults filled in.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct TaskEntry {
    pub id: TaskId,
    pub name: Arc<str>,
    pub role: Arc<str>,
    pub input: Payload,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub after: Vec<TaskId>,
    #[serde(rename = "timeout_ms", with = "millis")]
    pub timeout: Duration,
    pub retry: RetryPolicy,
    #[serde(default, skip_serializing_if = "EffectClass::is_idempotent")]
    pub effect: EffectClass,
}

/// What became of a request for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Consented {
    Approved,
    Rejected,
    Expired,
}

/// What a person found out about an effect whose outcome was unknown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ResolutionKind {
    /// It took place: the task succeeds with the product given.
    Succeeded,
    /// It took place wrongly, or must not be tried: the task fails.
    Failed,
    /// It did not take place: the task is run again.
    Again,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "type", content = "data")]
pub enum JobEvent {
    #[serde(rename = "job.submitted")]
    JobSubmitted {
        tenant: Tenant,
        kind: Arc<str>,
        input: Payload,
        priority: u8,
        #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
        labels: BTreeMap<String, String>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        deadline: Option<Timestamp>,
        /// Seed of everything random in the job.
        seed: u64,
        /// Of the request that brought the job: joins the logs of client, server and roles.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        request_id: Option<Arc<str>>,
        /// The span of that request, if the job is traced: parent of the job's span.
        #[serde(
            rename = "traceparent",
            default,
            skip_serializing_if = "Option::is_none"
        )]
        trace: Option<TraceContext>,
        #[serde(default, skip_serializing_if = "OnExhausted::is_fail")]
        on_exhausted: OnExhausted,
    },
    #[serde(rename = "job.planning")]
    JobPlanning { task: TaskEntry },
    /// The planning task succeeded; its product is this plan.
    #[serde(rename = "job.planned")]
    JobPlanned {
        tasks: Vec<TaskEntry>,
        aggregate: TaskEntry,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        check: Option<TaskEntry>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    #[serde(rename = "tasks.added")]
    TasksAdded { by: TaskId, tasks: Vec<TaskEntry> },
    #[serde(rename = "task.succeeded")]
    TaskSucceeded {
        task: TaskId,
        attempt: u32,
        product: Payload,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        claims: Vec<Claim>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        verdicts: Vec<Verdict>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        quotes: Vec<FactId>,
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        artifacts: Vec<Artifact>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    #[serde(rename = "task.retried")]
    TaskRetried {
        task: TaskId,
        attempt: u32,
        cause: Failure,
        at: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    #[serde(rename = "task.snoozed")]
    TaskSnoozed {
        task: TaskId,
        until: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    /// The instant a task was put off to has come.
    #[serde(rename = "task.woken")]
    TaskWoken { task: TaskId },
    /// The attempt is about to be handed out. Committed before, for tasks whose effect must not be repeated blindly and
    /// for jobs that processes have died of.
    #[serde(rename = "task.started")]
    TaskStarted {
        task: TaskId,
        attempt: u32,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        effect: Option<EffectId>,
    },
    /// The server stopped while the task was in hand; the attempt does not count.
    #[serde(rename = "task.released")]
    TaskReleased {
        task: TaskId,
        /// The process died with it, rather than give it back.
        #[serde(default, skip_serializing_if = "std::ops::Not::not")]
        lost: bool,
    },
    #[serde(rename = "approval.requested")]
    ApprovalRequested {
        approval: ApprovalId,
        task: TaskId,
        why: String,
        until: Timestamp,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    #[serde(rename = "approval.decided")]
    ApprovalDecided {
        approval: ApprovalId,
        task: TaskId,
        verdict: Consented,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    #[serde(rename = "signal.awaited")]
    SignalAwaited {
        task: TaskId,
        name: Arc<str>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<Timestamp>,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    /// For the task that waits for it, or kept for one that will.
    #[serde(rename = "signal.received")]
    SignalReceived {
        name: Arc<str>,
        payload: Payload,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
    },
    /// A task that was about to wait found the signal kept.
    #[serde(rename = "signal.taken")]
    SignalTaken {
        name: Arc<str>,
        task: TaskId,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    /// The attempt was lost in hand, and its effect must not be repeated.
    #[serde(rename = "effect.unknown")]
    EffectUnknown {
        effect: EffectId,
        task: TaskId,
        attempt: u32,
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    /// A person found out what became of an effect. `task.succeeded`, `task.failed` or another attempt follows.
    #[serde(rename = "effect.resolved")]
    EffectResolved {
        effect: EffectId,
        task: TaskId,
        resolution: ResolutionKind,
        by: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        reason: Option<String>,
    },
    /// The task has used up its attempts and waits for an operator.
    #[serde(rename = "task.exhausted")]
    TaskExhausted {
        task: TaskId,
        attempt: u32,
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    /// The task was in hand at too many process deaths and waits for an operator.
    #[serde(rename = "task.quarantined")]
    TaskQuarantined { task: TaskId, deaths: u32 },
    /// An operator gave the task new attempts.
    #[serde(rename = "task.renewed")]
    TaskRenewed {
        task: TaskId,
        attempt: u32,
        attempts_max: u32,
    },
    /// A new process took the job up while tasks were in hand, for the `n`th time without progress.
    #[serde(rename = "job.recovered")]
    JobRecovered { n: u32 },
    #[serde(rename = "job.paused")]
    JobPaused { reason: String },
    #[serde(rename = "job.resumed")]
    JobResumed { reason: String },
    #[serde(rename = "task.failed")]
    TaskFailed {
        task: TaskId,
        attempt: u32,
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ran_ms: Option<u64>,
    },
    #[serde(rename = "job.waiting")]
    JobWaiting { waiting_for: WaitReason },
    #[serde(rename = "job.running")]
    JobRunning {},
    #[serde(rename = "job.aggregating")]
    JobAggregating {},
    #[serde(rename = "job.validating")]
    JobValidating {},
    /// The result is the product of the aggregate task.
    #[serde(rename = "job.succeeded")]
    JobSucceeded {},
    #[serde(rename = "job.failed")]
    JobFailed {
        failure: Failure,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        task: Option<TaskId>,
    },
    #[serde(rename = "job.cancelled")]
    JobCancelled { reason: String },
}

impl JobEvent {
    /// The event's name on streams and in the journal.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::JobSubmitted { .. } => "job.submitted",
            Self::JobPlanning { .. } => "job.planning",
            Self::JobPlanned { .. } => "job.planned",
            Self::TasksAdded { .. } => "tasks.added",
            Self::TaskSucceeded { .. } => "task.succeeded",
            Self::TaskRetried { .. } => "task.retried",
            Self::TaskSnoozed { .. } => "task.snoozed",
            Self::TaskReleased { .. } => "task.released",
            Self::TaskWoken { .. } => "task.woken",
            Self::JobResumed { .. } => "job.resumed",
            Self::JobPaused { .. } => "job.paused",
            Self::JobRecovered { .. } => "job.recovered",
            Self::TaskRenewed { .. } => "task.renewed",
            Self::TaskQuarantined { .. } => "task.quarantined",
            Self::TaskExhausted { .. } => "task.exhausted",
            Self::EffectResolved { .. } => "effect.resolved",
            Self::EffectUnknown { .. } => "effect.unknown",
            Self::SignalTaken { .. } => "signal.taken",
            Self::SignalReceived { .. } => "signal.received",
            Self::SignalAwaited { .. } => "signal.awaited",
            Self::ApprovalDecided { .. } => "approval.decided",
            Self::ApprovalRequested { .. } => "approval.requested",
            Self::TaskStarted { .. } => "task.started",
            Self::TaskFailed { .. } => "task.failed",
            Self::JobWaiting { .. } => "job.waiting",
            Self::JobRunning {} => "job.running",
            Self::JobAggregating {} => "job.aggregating",
            Self::JobValidating {} => "job.validating",
            Self::JobSucceeded {} => "job.succeeded",
            Self::JobFailed { .. } => "job.failed",
            Self::JobCancelled { .. } => "job.cancelled",
        }
    }

    /// Notes how long a worker had the attempt that ends with this event, if it is one of those.
    pub(super) fn note_ran(&mut self, ran: Duration) {
        if let Self::JobPlanned { ran_ms, .. }
        | Self::TaskSucceeded { ran_ms, .. }
        | Self::TaskRetried { ran_ms, .. }
        | Self::TaskSnoozed { ran_ms, .. }
        | Self::ApprovalRequested { ran_ms, .. }
        | Self::SignalAwaited { ran_ms, .. }
        | Self::SignalTaken { ran_ms, .. }
        | Self::EffectUnknown { ran_ms, .. }
        | Self::TaskExhausted { ran_ms, .. }
        | Self::TaskFailed { ran_ms, .. } = self
        {
            *ran_ms = Some(u64::try_from(ran.as_millis()).unwrap_or(u64::MAX));
        }
    }

    /// The task of an attempt that ends with this event, and how long a worker had it, in milliseconds.
    pub(super) const fn ran(&self) -> Option<(TaskId, u64)> {
        let (task, ran_ms) = match self {
            Self::JobPlanned { ran_ms, .. } => (&TaskId::PLAN, ran_ms),
            Self::TaskSucceeded { task, ran_ms, .. }
            | Self::TaskRetried { task, ran_ms, .. }
            | Self::TaskSnoozed { task, ran_ms, .. }
            | Self::ApprovalRequested { task, ran_ms, .. }
            | Self::SignalAwaited { task, ran_ms, .. }
            | Self::SignalTaken { task, ran_ms, .. }
            | Self::EffectUnknown { task, ran_ms, .. }
            | Self::TaskExhausted { task, ran_ms, .. }
            | Self::TaskFailed { task, ran_ms, .. } => (task, ran_ms),
            Self::JobSubmitted { .. }
            | Self::JobPlanning { .. }
            | Self::TasksAdded { .. }
            | Self::TaskWoken { .. }
            | Self::TaskStarted { .. }
            | Self::TaskReleased { .. }
            | Self::ApprovalDecided { .. }
            | Self::SignalReceived { .. }
            | Self::EffectResolved { .. }
            | Self::TaskQuarantined { .. }
            | Self::TaskRenewed { .. }
            | Self::JobRecovered { .. }
            | Self::JobPaused { .. }
            | Self::JobResumed { .. }
            | Self::JobWaiting { .. }
            | Self::JobRunning {}
            | Self::JobAggregating {}
            | Self::JobValidating {}
            | Self::JobSucceeded {}
            | Self::JobFailed { .. }
            | Self::JobCancelled { .. } => return None,
        };
        match ran_ms {
            Some(ran_ms) => Some((*task, *ran_ms)),
            None => None,
        }
    }

    /// True for the events after which a job changes no more.
    pub const fn is_final(&self) -> bool {
        matches!(
            self,
            Self::JobSucceeded {} | Self::JobFailed { .. } | Self::JobCancelled { .. }
        )
    }
}
