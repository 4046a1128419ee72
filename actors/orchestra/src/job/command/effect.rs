//! Effects that must not be repeated: an attempt lost in hand leaves its outcome open until a person has found out.

use super::{Applied, Moment, Refused, retry, task_finished};
use crate::{
    context::Deliverables,
    id::EffectId,
    job::{Effect, Intent, Job, JobEvent, ResolutionKind, Task, TaskState},
    outcome::{Failure, FailureKind},
    payload::Payload,
};

/// What a person found out about an effect.
#[derive(Debug, Clone, PartialEq)]
pub enum Resolution {
    /// It took place, and this came of it.
    Succeeded { product: Payload },
    /// It took place wrongly, or must not be tried again.
    Failed,
    /// It did not take place: run the task again.
    Again,
}

impl Resolution {
    pub(crate) const fn kind(&self) -> ResolutionKind {
        match self {
            Self::Succeeded { .. } => ResolutionKind::Succeeded,
            Self::Failed => ResolutionKind::Failed,
            Self::Again => ResolutionKind::Again,
        }
    }
}

pub(super) fn lose(task: &Task, intent: Intent, failure: Failure) -> Applied {
    Applied {
        events: vec![lost(task, intent, failure)],
        effects: Vec::new(),
    }
}

/// The outcome of an attempt is open.
pub(super) fn lost(task: &Task, intent: Intent, failure: Failure) -> JobEvent {
    JobEvent::EffectUnknown {
        effect: intent.effect,
        task: task.id(),
        attempt: task.attempt,
        failure,
        ran_ms: None,
    }
}

pub(super) fn resolve(
    job: &Job,
    effect: EffectId,
    resolution: Resolution,
    by: String,
    reason: Option<String>,
    moment: Moment<'_>,
) -> Result<Applied, Refused> {
    let is_open = |task: &&Task| {
        task.intent.is_some_and(|intent| intent.effect == effect)
            && matches!(task.state, TaskState::Waiting | TaskState::Cancelled)
    };
    let task = job.tasks.iter().find(is_open).ok_or(Refused::NotUnknown)?;
    let resolved = JobEvent::EffectResolved {
        effect,
        task: task.id(),
        resolution: resolution.kind(),
        by: by.clone(),
        reason: reason.clone(),
    };
    if job.state.is_final() {
        return Ok(Applied {
            events: vec![resolved],
            effects: Vec::new(),
        });
    }
    let mut applied = match resolution {
        Resolution::Succeeded { product } => {
            task_finished::apply(job, task, product, Deliverables::default(), moment)
        }
        Resolution::Failed => {
            let why = reason.as_deref().unwrap_or("no reason given");
            let failure = Failure::new(
                FailureKind::Refused,
                format!("effect declared failed by {by}: {why}"),
            );
            Applied::failed(Some((task.id(), task.attempt)), failure)
        }
        Resolution::Again => Applied {
            events: vec![retry::renewed(task)],
            effects: vec![Effect::Offer(task.id())],
        },
    };
    applied.events.insert(0, resolved);
    Ok(applied)
}
