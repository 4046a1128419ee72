//! Start: the attempt is about to be handed out, and the journal is to know before.

use super::{Applied, Moment};
use crate::{
    id::EffectId,
    job::{Effect, Intent, Job, JobEvent, Task},
    policy::EffectClass,
};

pub(super) fn apply(job: &Job, task: &Task, moment: Moment<'_>) -> Applied {
    let draw = || EffectId::draw(moment.now, moment.seed, job.id);
    let effect = match task.entry.effect {
        EffectClass::Idempotent => None,
        EffectClass::Keyed => Some(
            task.intent
                .map_or_else(draw, |Intent { effect, .. }| effect),
        ),
        EffectClass::Once => Some(draw()),
    };
    Applied {
        events: vec![JobEvent::TaskStarted {
            task: task.id(),
            attempt: task.attempt,
            effect,
        }],
        effects: vec![Effect::Offer(task.id())],
    }
}
