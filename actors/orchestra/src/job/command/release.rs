//! Release: the server stops with the task queued or in hand; the attempt does not count and the next start runs it again.

use super::{Applied, effect};
use crate::{
    job::{JobEvent, Task},
    outcome::{Failure, FailureKind},
    policy::EffectClass,
};

pub(super) fn apply(task: &Task, begun: bool) -> Applied {
    if let (EffectClass::Once, Some(intent), true) = (task.entry.effect, task.intent, begun) {
        let failure = Failure::new(FailureKind::Aborted, "the server stopped with it in hand");
        return effect::lose(task, intent, failure);
    }
    Applied {
        events: vec![JobEvent::TaskReleased {
            task: task.id(),
            lost: false,
        }],
        effects: Vec::new(),
    }
}
