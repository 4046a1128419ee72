//! Adopt: a shard has read the job and knows which of its tasks crews still hold; the rest was lost in hand.

use super::{Applied, effect};
use crate::{
    id::TaskId,
    job::{Ending, Job, JobEvent, Task, TaskState},
    outcome::{Failure, FailureKind},
    policy::EffectClass,
};

/// A task in hand at so many process deaths is suspected of them.
pub const DEATHS_MAX: u32 = 3;

pub(super) fn apply(job: &Job, held: &[TaskId], is_new_process: bool) -> Applied {
    let ending = job.in_hand_before().filter(|_| is_new_process);
    let recovered = ending == Some(Ending::Died);
    let mut applied = Applied::default();
    if ending.is_some() {
        applied.events.push(JobEvent::JobRecovered {
            n: job.recoveries + u32::from(recovered),
        });
    }
    let lost = job
        .tasks
        .iter()
        .filter(|task| task.state == TaskState::Running && !held.contains(&task.id()));
    for task in lost {
        applied.events.push(fate(task, recovered));
    }
    applied
}

/// What becomes of a task whose start was committed and which nobody holds.
fn fate(task: &Task, recovered: bool) -> JobEvent {
    if let (EffectClass::Once, Some(intent)) = (task.entry.effect, task.intent) {
        let failure = Failure::new(FailureKind::WorkerLost, "lost with the process it ran in");
        return effect::lost(task, intent, failure);
    }
    let deaths = task.deaths + u32::from(recovered);
    if deaths >= DEATHS_MAX {
        return JobEvent::TaskQuarantined {
            task: task.id(),
            deaths,
        };
    }
    JobEvent::TaskReleased {
        task: task.id(),
        lost: true,
    }
}
