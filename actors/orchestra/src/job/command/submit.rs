//! Submit: a job begins, and its planning task with it.

use std::{collections::BTreeMap, sync::Arc};

use super::{Moment, settle};
use crate::{
    id::{TaskId, Tenant},
    job::{Effect, JobEvent, Step, TaskEntry},
    journal::Asides,
    pack::Kind,
    payload::Payload,
    policy::OnExhausted,
    time::Timestamp,
    trace::TraceContext,
};

/// Name of every job's planning task.
const PLAN_TASK: &str = "plan";

/// An admitted submission.
#[derive(Debug, Clone)]
pub struct Submit {
    pub tenant: Tenant,
    /// What the kind's `admit` returned.
    pub input: Payload,
    /// 0 to 9; higher goes first.
    pub priority: u8,
    pub labels: BTreeMap<String, String>,
    pub deadline: Option<Timestamp>,
    pub request_id: Option<Arc<str>>,
    pub trace: Option<TraceContext>,
    pub on_exhausted: OnExhausted,
}

pub fn submit(kind: &Kind, submit: Submit, moment: Moment<'_>) -> Step {
    let profile = moment
        .catalog
        .profile(kind.planner)
        .expect("the catalog holds the planner of every kind");
    let plan_task = TaskEntry {
        id: TaskId::PLAN,
        name: Arc::from(PLAN_TASK),
        role: Arc::from(kind.planner),
        input: submit.input.clone(),
        after: Vec::new(),
        timeout: profile.timeout,
        retry: settle::bounded(profile.retry),
        effect: profile.effect,
    };
    let expiry = submit.deadline.map(|at| Effect::Expire { at });
    let submitted = JobEvent::JobSubmitted {
        tenant: submit.tenant,
        kind: Arc::from(kind.name),
        input: submit.input,
        priority: submit.priority,
        labels: submit.labels,
        deadline: submit.deadline,
        seed: moment.seed,
        request_id: submit.request_id,
        trace: submit.trace,
        on_exhausted: submit.on_exhausted,
    };
    Step {
        events: vec![submitted, JobEvent::JobPlanning { task: plan_task }],
        effects: [Effect::Offer(TaskId::PLAN)]
            .into_iter()
            .chain(expiry)
            .collect(),
        asides: Asides::default(),
    }
}
