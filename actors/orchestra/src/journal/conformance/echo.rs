//! The pack whose jobs the checks journal: a plan of a few tasks that answer what they are given.

use std::{rc::Rc, sync::Arc};

use crate::{
    context::RoleContext,
    outcome::Outcome,
    pack::{Kind, Pack, RoleSpec},
    plan::{Plan, TaskSpec},
    role::Role,
};

pub(super) const ECHO: &str = "conformance.echo";
pub(super) const TELL: &str = "conformance.tell";
pub(super) const ECHOES: usize = 2;

pub(super) fn plan() -> Result<Plan, serde_json::Error> {
    let tasks = (0..ECHOES).map(|index| TaskSpec::new(format!("echo:{index}"), Echo::NAME, &index));
    Ok(Plan {
        tasks: tasks.collect::<Result<_, _>>()?,
        aggregate: TaskSpec::new("sum", Echo::NAME, &0)?,
        check: None,
    })
}

pub(super) struct EchoPack;

impl Pack for EchoPack {
    fn name(&self) -> &'static str {
        "conformance"
    }

    fn kinds(&self) -> Vec<Kind> {
        let kind = |name| Kind {
            name,
            summary: "Echoes numbers",
            planner: Planner::NAME,
            schema: serde_json::json!({}),
            examples: Vec::new(),
            admit: Arc::new(|input| Ok(input.clone())),
        };
        [ECHO, TELL].map(kind).into()
    }

    fn roles(&self) -> Vec<RoleSpec> {
        vec![RoleSpec::new(|| Planner), RoleSpec::new(|| Echo)]
    }
}

struct Planner;

impl Role for Planner {
    const NAME: &'static str = "conformance.planner";
    type Task = serde_json::Value;
    type Product = Plan;

    async fn perform(self: Rc<Self>, _task: Self::Task, _ctx: RoleContext) -> Outcome<Plan> {
        plan().map_or_else(
            |error| Outcome::Reject {
                reason: error.to_string(),
            },
            Outcome::Done,
        )
    }
}

struct Echo;

impl Role for Echo {
    const NAME: &'static str = "conformance.echo";
    type Task = serde_json::Value;
    type Product = serde_json::Value;

    async fn perform(
        self: Rc<Self>,
        task: Self::Task,
        _ctx: RoleContext,
    ) -> Outcome<Self::Product> {
        Outcome::Done(task)
    }
}
