//! What an event changes in the lists that people read beside jobs: approvals, the effect ledger, artifacts in use.
//! Each entry is made from the event and the job as it was before it.

use super::{
    event::{Consented, JobEvent},
    fold::Job,
    task::{Intent, Task, Wait},
};
use crate::{
    id::{ApprovalId, TaskId},
    journal::{ApprovalRow, ApprovalState, ArtifactRef, Asides, EffectRow, EffectState},
    policy::EffectClass,
    time::Timestamp,
};

pub(crate) fn enter(asides: &mut Asides, job: &Job, event: &JobEvent, at: Timestamp) {
    match event {
        JobEvent::ApprovalRequested {
            approval,
            task,
            why,
            until,
            ..
        } => {
            close_intent(asides, job, *task, at, "put off for an approval");
            let asked = job.task(*task).map(|task| Asked {
                approval: *approval,
                task,
                why,
                since: at,
                until: *until,
            });
            asides
                .approvals
                .extend(asked.map(|asked| asked.pending(job)));
        }
        JobEvent::ApprovalDecided {
            task,
            verdict,
            by,
            reason,
            ..
        } => {
            let state = match verdict {
                Consented::Approved => ApprovalState::Approved,
                Consented::Rejected => ApprovalState::Rejected,
                Consented::Expired => ApprovalState::Expired,
            };
            let pending = job.task(*task).and_then(|task| approval_of(job, task));
            asides.approvals.extend(pending.map(|pending| ApprovalRow {
                state,
                decided_at: Some(at),
                decided_by: Some(by.clone()),
                reason: reason.clone(),
                ..pending
            }));
        }
        JobEvent::TaskStarted {
            task,
            attempt,
            effect: Some(effect),
        } => {
            let intent = Intent {
                effect: *effect,
                at,
            };
            asides.effects.extend(job.task(*task).map(|task| EffectRow {
                attempt: *attempt,
                ..effect_of(job, task, intent)
            }));
        }
        JobEvent::TaskSucceeded {
            task, artifacts, ..
        } => {
            let references = artifacts.iter().map(|artifact| ArtifactRef {
                sha256: artifact.sha256.clone().into(),
                bytes: artifact.bytes,
            });
            asides.artifacts.extend(references);
            close(asides, job, *task, at, EffectState::Succeeded, None);
        }
        JobEvent::TaskRetried { task, cause, .. } => {
            close_intent(asides, job, *task, at, &cause.message)
        }
        JobEvent::TaskFailed { task, failure, .. }
        | JobEvent::TaskExhausted { task, failure, .. } => {
            close_intent(asides, job, *task, at, &failure.message)
        }
        JobEvent::TaskSnoozed { task, .. } => close_intent(asides, job, *task, at, "put off"),
        JobEvent::SignalAwaited { task, .. } | JobEvent::SignalTaken { task, .. } => {
            close_intent(asides, job, *task, at, "put off for a signal")
        }
        JobEvent::TaskReleased { task, .. } => {
            let keyed = |task: &Task| task.entry.effect == EffectClass::Keyed;
            if !job.task(*task).is_some_and(keyed) {
                close_intent(asides, job, *task, at, "not handed out");
            }
        }
        JobEvent::TaskQuarantined { task, deaths } => {
            let why = Some(format!("in hand at {deaths} process deaths"));
            close(asides, job, *task, at, EffectState::Unknown, why);
        }
        JobEvent::EffectUnknown { task, failure, .. } => {
            let why = Some(failure.message.clone());
            close(asides, job, *task, at, EffectState::Unknown, why);
        }
        JobEvent::EffectResolved {
            task, by, reason, ..
        } => {
            let before = asides.effects.len();
            let why = reason.clone();
            close(asides, job, *task, at, EffectState::Resolved, why);
            for resolved in &mut asides.effects[before..] {
                resolved.resolved_by = Some(by.clone());
            }
        }
        JobEvent::JobSucceeded {} | JobEvent::JobFailed { .. } | JobEvent::JobCancelled { .. } => {
            end(asides, job, at)
        }
        JobEvent::TaskStarted { effect: None, .. }
        | JobEvent::TaskRenewed { .. }
        | JobEvent::TaskWoken { .. }
        | JobEvent::SignalReceived { .. }
        | JobEvent::JobSubmitted { .. }
        | JobEvent::JobPlanning { .. }
        | JobEvent::JobPlanned { .. }
        | JobEvent::TasksAdded { .. }
        | JobEvent::JobWaiting { .. }
        | JobEvent::JobRunning {}
        | JobEvent::JobAggregating {}
        | JobEvent::JobValidating {}
        | JobEvent::JobRecovered { .. }
        | JobEvent::JobPaused { .. }
        | JobEvent::JobResumed { .. } => {}
    }
}

/// With the job ends what waits for an answer; what was in hand may have had its effect.
fn end(asides: &mut Asides, job: &Job, at: Timestamp) {
    for task in &job.tasks {
        asides
            .approvals
            .extend(approval_of(job, task).map(|pending| ApprovalRow {
                state: ApprovalState::Withdrawn,
                decided_at: Some(at),
                ..pending
            }));
        let is_told = matches!(task.wait, Some(Wait::UnknownOutcome { .. }));
        if !task.state.is_final() && !is_told {
            let why = Some("the job ended before its outcome was known".to_owned());
            close(asides, job, task.id(), at, EffectState::Unknown, why);
        }
    }
}

fn close_intent(asides: &mut Asides, job: &Job, task: TaskId, at: Timestamp, why: &str) {
    let why = Some(why.to_owned());
    close(asides, job, task, at, EffectState::Failed, why);
}

fn close(
    asides: &mut Asides,
    job: &Job,
    task: TaskId,
    at: Timestamp,
    state: EffectState,
    reason: Option<String>,
) {
    let intended = job
        .task(task)
        .and_then(|task| Some(effect_of(job, task, task.intent?)));
    asides.effects.extend(intended.map(|intended| EffectRow {
        state,
        ended_at: Some(at),
        reason,
        ..intended
    }));
}

/// The pending approval that a task waits for.
fn approval_of(job: &Job, task: &Task) -> Option<ApprovalRow> {
    let Some(Wait::Approval {
        approval,
        why,
        since,
    }) = &task.wait
    else {
        return None;
    };
    let asked = Asked {
        approval: *approval,
        task,
        why,
        since: *since,
        until: task.wake_at.unwrap_or(*since),
    };
    Some(asked.pending(job))
}

/// What a task asks a person.
struct Asked<'a> {
    approval: ApprovalId,
    task: &'a Task,
    why: &'a str,
    since: Timestamp,
    until: Timestamp,
}

impl Asked<'_> {
    fn pending(self, job: &Job) -> ApprovalRow {
        ApprovalRow {
            id: self.approval,
            job: job.id,
            tenant: job.tenant.clone(),
            task: self.task.id(),
            task_name: self.task.entry.name.clone(),
            role: self.task.entry.role.clone(),
            why: self.why.to_owned(),
            state: ApprovalState::Pending,
            requested_at: self.since,
            expires_at: self.until,
            decided_at: None,
            decided_by: None,
            reason: None,
        }
    }
}

fn effect_of(job: &Job, task: &Task, intent: Intent) -> EffectRow {
    EffectRow {
        id: intent.effect,
        job: job.id,
        tenant: job.tenant.clone(),
        task: task.id(),
        task_name: task.entry.name.clone(),
        role: task.entry.role.clone(),
        attempt: task.attempt,
        class: task.entry.effect,
        key: crate::context::idempotency_key(job.id, task.id()),
        state: EffectState::Intended,
        intended_at: intent.at,
        ended_at: None,
        resolved_by: None,
        reason: None,
    }
}
