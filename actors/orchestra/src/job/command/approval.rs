//! Approval: a task asks for a person's consent; a person, or the lapse of time, answers.

use std::time::Duration;

use super::{Applied, Moment, Refused};
use crate::{
    id::ApprovalId,
    job::{Consented, Effect, Job, JobEvent, Task, TaskState, Wait},
    outcome::{APPROVAL_WAIT_DEFAULT, Failure, FailureKind, MESSAGE_BYTES_MAX},
};

/// Who decides when nobody has in time.
const CLOCK: &str = "callboard";

/// A person's answer to a request for approval.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    Approve,
    Reject,
}

pub(super) fn request(
    job: &Job,
    task: &Task,
    mut why: String,
    within: Option<Duration>,
    moment: Moment<'_>,
) -> Applied {
    why.truncate(why.floor_char_boundary(MESSAGE_BYTES_MAX));
    let until = moment.now.plus(within.unwrap_or(APPROVAL_WAIT_DEFAULT));
    let approval = ApprovalId::draw(moment.now, moment.seed, job.id);
    Applied {
        events: vec![JobEvent::ApprovalRequested {
            approval,
            task: task.id(),
            why,
            until,
            ran_ms: None,
        }],
        effects: vec![Effect::Wake {
            task: task.id(),
            at: until,
        }],
    }
}

pub(super) fn decide(
    job: &Job,
    approval: ApprovalId,
    decision: Decision,
    by: String,
    reason: Option<String>,
) -> Result<Applied, Refused> {
    let task = job
        .tasks
        .iter()
        .find(|task| asks_for(task, approval))
        .ok_or(Refused::NotPending)?;
    let decided = |verdict| JobEvent::ApprovalDecided {
        approval,
        task: task.id(),
        verdict,
        by: by.clone(),
        reason: reason.clone(),
    };
    Ok(match decision {
        Decision::Approve => Applied {
            events: vec![decided(Consented::Approved)],
            effects: vec![Effect::Offer(task.id())],
        },
        Decision::Reject => {
            let why = reason.as_deref().unwrap_or("no reason given");
            let failure = Failure::new(
                FailureKind::Refused,
                format!("approval refused by {by}: {why}"),
            );
            refused(task, decided(Consented::Rejected), failure)
        }
    })
}

pub(super) fn expire(task: &Task, approval: ApprovalId) -> Applied {
    let decided = JobEvent::ApprovalDecided {
        approval,
        task: task.id(),
        verdict: Consented::Expired,
        by: CLOCK.to_owned(),
        reason: None,
    };
    let failure = Failure::new(FailureKind::Unanswered, "nobody approved in time");
    refused(task, decided, failure)
}

fn refused(task: &Task, decided: JobEvent, failure: Failure) -> Applied {
    let mut failed = Applied::failed(Some((task.id(), task.attempt)), failure);
    failed.events.insert(0, decided);
    failed
}

fn asks_for(task: &Task, asked: ApprovalId) -> bool {
    let asks = match &task.wait {
        Some(Wait::Approval { approval, .. }) => *approval == asked,
        Some(Wait::Timer | Wait::Signal { .. } | Wait::UnknownOutcome { .. } | Wait::Operator)
        | None => false,
    };
    asks && task.state == TaskState::Waiting
}
