//! One step of a job: a command is decided, its events are folded in, and the job's state is brought in line.

use std::time::Duration;

use super::{
    Effect, Job, JobEvent,
    command::{Applied, Command, Moment, Refused, apply},
    ledger,
};
use crate::journal::Asides;

/// What a step came to.
#[derive(Debug, Default, PartialEq)]
pub struct Step {
    /// To be journaled as one record; already folded into the job.
    pub events: Vec<JobEvent>,
    /// What must be done, after the events are committed.
    pub effects: Vec<Effect>,
    /// What the events change in approvals, effects and artifacts.
    pub asides: Asides,
}

/// Decides `command` and folds what follows into `job`. A refused command changes nothing.
pub fn step(job: &mut Job, command: Command, moment: Moment<'_>) -> Result<Step, Refused> {
    end_attempt(job, command, None, moment)
}

/// As `step`, with a command that ends an attempt; `ran` is how long a worker had it.
pub fn end_attempt(
    job: &mut Job,
    command: Command,
    ran: Option<Duration>,
    moment: Moment<'_>,
) -> Result<Step, Refused> {
    let Applied {
        mut events,
        effects,
    } = apply(job, command, moment)?;
    for event in &mut events {
        ran.iter().for_each(|ran| event.note_ran(*ran));
    }
    let mut asides = Asides::default();
    for event in &events {
        ledger::enter(&mut asides, job, event, moment.now);
        job.fold(event, moment.now)
            .expect("a command's events fold");
    }
    if !events.is_empty()
        && let Some(standing) = job.standing()
    {
        job.fold(&standing, moment.now)
            .expect("a job may always change where it stands");
        events.push(standing);
    }
    Ok(Step {
        events,
        effects,
        asides,
    })
}
