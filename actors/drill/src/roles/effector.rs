//! Writes one line to a ledger outside: a role for each class of effect, alike in all else.

use std::{fs::File, io::Write, path::PathBuf, rc::Rc, time::Duration};

use callboard_orchestra::{EffectClass, Outcome, Plan, Role, RoleContext, RoleProfile, TaskSpec};
use serde::{Deserialize, Serialize};

use super::runner::Trophy;
use crate::effects::Effects;

/// One line to be written.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    pub ledger: PathBuf,
    pub number: u32,
    pub work_ms: u64,
}

pub struct EffectsPlanner;

impl Role for EffectsPlanner {
    const NAME: &'static str = "drill.effects_planner";
    type Task = Effects;
    type Product = Plan;

    async fn perform(self: Rc<Self>, effects: Effects, _ctx: RoleContext) -> Outcome<Plan> {
        match plan(&effects) {
            Ok(plan) => Outcome::Done(plan),
            Err(error) => Outcome::Reject {
                reason: error.to_string(),
            },
        }
    }

    fn profile() -> RoleProfile {
        RoleProfile {
            pure: true,
            ..RoleProfile::default()
        }
    }
}

fn plan(effects: &Effects) -> Result<Plan, serde_json::Error> {
    let tasks = (1..=effects.tasks)
        .map(|number| {
            let entry = Entry {
                ledger: effects.ledger.clone(),
                number,
                work_ms: effects.work_ms,
            };
            let class = effects.class(number);
            let role = match class {
                EffectClass::Idempotent => Idempotent::NAME,
                EffectClass::Keyed => Keyed::NAME,
                EffectClass::Once => Once::NAME,
            };
            TaskSpec::new(format!("{}:{number}", class.name()), role, &entry)
        })
        .collect::<Result<_, _>>()?;
    Ok(Plan {
        tasks,
        aggregate: TaskSpec::new("collect", "drill.collector", &())?,
        check: None,
    })
}

macro_rules! effector {
    ($role:ident, $name:literal) => {
        pub struct $role;

        impl Role for $role {
            const NAME: &'static str = $name;
            type Task = Entry;
            type Product = Trophy;

            async fn perform(self: Rc<Self>, entry: Entry, ctx: RoleContext) -> Outcome<Trophy> {
                write(entry, EffectClass::$role, ctx).await
            }

            fn profile() -> RoleProfile {
                RoleProfile {
                    workers: 2,
                    concurrency: 32,
                    effect: EffectClass::$role,
                    ..RoleProfile::default()
                }
            }
        }
    };
}

effector!(Idempotent, "drill.idempotent");
effector!(Keyed, "drill.keyed");
effector!(Once, "drill.once");

/// `job task class key attempt`, in one write at the end of the file.
async fn write(entry: Entry, class: EffectClass, ctx: RoleContext) -> Outcome<Trophy> {
    let half = Duration::from_millis(entry.work_ms) / 2;
    tokio::time::sleep(half).await;
    let line = format!(
        "{} {} {} {} {}\n",
        ctx.job(),
        ctx.task(),
        class.name(),
        ctx.idempotency_key(),
        ctx.attempt()
    );
    let ledger = entry.ledger;
    let written = ctx
        .compute(move |_| {
            let mut file = File::options().create(true).append(true).open(&ledger)?;
            file.write_all(line.as_bytes())
        })
        .await;
    if let Err(error) = written {
        return Outcome::Reject {
            reason: format!("cannot write to the ledger: {error}"),
        };
    }
    tokio::time::sleep(half).await;
    Outcome::Done(Trophy {
        number: entry.number,
        payload: String::new(),
    })
}
