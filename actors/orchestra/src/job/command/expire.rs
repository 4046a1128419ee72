//! Expire: a job that outlives its deadline fails.

use super::{Applied, Moment};
use crate::{
    job::{Effect, Job},
    outcome::{Failure, FailureKind},
};

pub(super) fn apply(job: &Job, moment: Moment<'_>) -> Applied {
    match job.deadline {
        Some(deadline) if deadline <= moment.now => {
            let message = format!("not finished by its deadline {}", deadline.rfc3339());
            Applied::failed(None, Failure::new(FailureKind::Expired, message))
        }
        Some(at) => Applied {
            events: Vec::new(),
            effects: vec![Effect::Expire { at }],
        },
        None => Applied::default(),
    }
}
