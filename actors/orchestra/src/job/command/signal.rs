//! Signal: a word from outside, for the task that waits for it or for one that will.

use std::{sync::Arc, time::Duration};

use super::{Applied, Moment, Refused};
use crate::{
    job::{Effect, Job, JobEvent, Task, TaskState, Wait},
    outcome::{Failure, FailureKind},
    payload::Payload,
};

/// Signals that a job keeps for tasks to come.
pub const SIGNALS_KEPT_MAX: usize = 100;

pub(super) fn wait(
    job: &Job,
    task: &Task,
    name: String,
    within: Option<Duration>,
    moment: Moment<'_>,
) -> Applied {
    let name: Arc<str> = name.into();
    let id = task.id();
    if job.signals.iter().any(|(kept, _)| *kept == name) {
        return Applied {
            events: vec![JobEvent::SignalTaken {
                name,
                task: id,
                ran_ms: None,
            }],
            effects: vec![Effect::Offer(id)],
        };
    }
    let until = within.map(|within| moment.now.plus(within));
    Applied {
        events: vec![JobEvent::SignalAwaited {
            task: id,
            name,
            until,
            ran_ms: None,
        }],
        effects: until
            .map(|at| Effect::Wake { task: id, at })
            .into_iter()
            .collect(),
    }
}

pub(super) fn receive(job: &Job, name: &str, payload: Payload) -> Result<Applied, Refused> {
    let waits = |task: &&Task| {
        task.state == TaskState::Waiting
            && matches!(&task.wait, Some(Wait::Signal { name: waited }) if **waited == *name)
    };
    let task = job.tasks.iter().find(waits).map(Task::id);
    if task.is_none() && job.signals.len() >= SIGNALS_KEPT_MAX {
        return Err(Refused::TooManySignals);
    }
    Ok(Applied {
        events: vec![JobEvent::SignalReceived {
            name: name.into(),
            payload,
            task,
        }],
        effects: task.map(Effect::Offer).into_iter().collect(),
    })
}

pub(super) fn expire(task: &Task, name: &str) -> Applied {
    let failure = Failure::new(
        FailureKind::Unanswered,
        format!("the signal `{name}` did not come in time"),
    );
    Applied::failed(Some((task.id(), task.attempt)), failure)
}
