//! Tasks that go on when a person approves, or when a signal has come.

use std::{rc::Rc, time::Duration};

use callboard_orchestra::{Outcome, Plan, Role, RoleContext, RoleProfile, TaskSpec};
use serde::{Serialize, de::DeserializeOwned};

use super::runner::Trophy;
use crate::waits::{AskApproval, AwaitSignal};

pub struct ApprovalPlanner;

impl Role for ApprovalPlanner {
    const NAME: &'static str = "drill.approval_planner";
    type Task = AskApproval;
    type Product = Plan;

    async fn perform(self: Rc<Self>, ask: AskApproval, _ctx: RoleContext) -> Outcome<Plan> {
        plan("ask", Asker::NAME, &ask)
    }

    fn profile() -> RoleProfile {
        pure()
    }
}

pub struct SignalPlanner;

impl Role for SignalPlanner {
    const NAME: &'static str = "drill.signal_planner";
    type Task = AwaitSignal;
    type Product = Plan;

    async fn perform(self: Rc<Self>, wait: AwaitSignal, _ctx: RoleContext) -> Outcome<Plan> {
        plan("listen", Listener::NAME, &wait)
    }

    fn profile() -> RoleProfile {
        pure()
    }
}

pub struct Asker;

impl Role for Asker {
    const NAME: &'static str = "drill.asker";
    type Task = AskApproval;
    type Product = Trophy;

    async fn perform(self: Rc<Self>, ask: AskApproval, ctx: RoleContext) -> Outcome<Trophy> {
        match ctx.consent() {
            Some(consent) => Outcome::Done(Trophy {
                number: 1,
                payload: consent.by.clone(),
            }),
            None => Outcome::NeedsApproval {
                why: ask.why,
                within: ask.within_ms.map(Duration::from_millis),
            },
        }
    }

    fn profile() -> RoleProfile {
        pure()
    }
}

pub struct Listener;

impl Role for Listener {
    const NAME: &'static str = "drill.listener";
    type Task = AwaitSignal;
    type Product = Trophy;

    async fn perform(self: Rc<Self>, wait: AwaitSignal, ctx: RoleContext) -> Outcome<Trophy> {
        match ctx.signal() {
            Some(payload) => Outcome::Done(Trophy {
                number: 1,
                payload: payload.text().to_owned(),
            }),
            None => Outcome::AwaitSignal {
                name: wait.name,
                within: wait.within_ms.map(Duration::from_millis),
            },
        }
    }

    fn profile() -> RoleProfile {
        pure()
    }
}

fn pure() -> RoleProfile {
    RoleProfile {
        pure: true,
        ..RoleProfile::default()
    }
}

fn plan<T: Serialize + DeserializeOwned>(name: &str, role: &str, input: &T) -> Outcome<Plan> {
    let tasks = TaskSpec::new(name, role, input).map(|task| vec![task]);
    let aggregate = TaskSpec::new("collect", "drill.collector", &());
    match (tasks, aggregate) {
        (Ok(tasks), Ok(aggregate)) => Outcome::Done(Plan {
            tasks,
            aggregate,
            check: None,
        }),
        (Err(error), _) | (_, Err(error)) => Outcome::Reject {
            reason: error.to_string(),
        },
    }
}
