//! Pause and resume: nothing more is handed out until an operator says so; what is in hand goes on.

use super::{Applied, Refused};
use crate::job::{Effect, Job, JobEvent};

pub(super) fn pause(job: &Job, reason: String) -> Result<Applied, Refused> {
    if job.paused {
        return Err(Refused::Paused);
    }
    Ok(Applied {
        events: vec![JobEvent::JobPaused { reason }],
        effects: Vec::new(),
    })
}

pub(super) fn resume(job: &Job, reason: String) -> Result<Applied, Refused> {
    if !job.paused {
        return Err(Refused::NotPaused);
    }
    let offers = job
        .outstanding()
        .into_iter()
        .filter(|effect| matches!(effect, Effect::Offer(_)));
    Ok(Applied {
        events: vec![JobEvent::JobResumed { reason }],
        effects: offers.collect(),
    })
}
