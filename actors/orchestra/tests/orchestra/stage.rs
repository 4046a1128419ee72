//! A pack whose tasks do as their input says, and a house to play it in.
#![expect(
    clippy::disallowed_types,
    reason = "a test looks at what the roles on other threads have done"
)]

use std::{
    num::NonZeroU32,
    rc::Rc,
    sync::{Arc, Mutex},
    time::Duration,
};

use callboard_orchestra::{
    Claim, FactId, House, HouseSpec, InvalidInput, JobId, Kind, Outcome, Pack, Payload, Plan,
    Ports, Role, RoleContext, RoleProfile, RoleSpec, Submission, TaskId, TaskSpec, Tenant,
    Timestamp,
    artifact::MemoryArtifacts,
    catalog::Catalog,
    journal::{JobRow, Journal, MemoryJournal},
};
use callboard_runtime::Universe;
use serde::{Deserialize, Serialize};
use serde_json::json;

pub const KIND: &str = "stage.play";

/// What a task does.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Act {
    Done,
    Wait {
        ms: u64,
    },
    RetryUntil {
        attempt: u32,
    },
    /// Sleeps out `ms` of the clock given to the first attempt, then is done.
    SnoozeUntil {
        at_ms: i64,
    },
    Reject,
    PanicUntil {
        attempt: u32,
    },
    Hang,
    Grow {
        children: u32,
    },
    Claim {
        value: f64,
    },
    VerifyInputs,
    RefuteInputs,
    QuoteAll,
    Quote {
        fact: FactId,
    },
    Artifact {
        name: String,
    },
}

/// A plan in short: name, act, and the tasks it runs after.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Play {
    pub tasks: Vec<(String, Act, Vec<String>)>,
    pub aggregate: Act,
    pub check: Option<Act>,
}

impl Play {
    pub fn of(acts: impl IntoIterator<Item = Act>) -> Self {
        let tasks = acts
            .into_iter()
            .enumerate()
            .map(|(index, act)| (format!("t{index}"), act, vec![]))
            .collect();
        Self {
            tasks,
            aggregate: Act::Done,
            check: None,
        }
    }
}

pub struct Director;

impl Role for Director {
    const NAME: &'static str = "stage.director";
    type Task = Play;
    type Product = Plan;

    async fn perform(self: Rc<Self>, play: Play, _ctx: RoleContext) -> Outcome<Plan> {
        let spec = |name: &str, act: &Act| TaskSpec::new(name, Actor::NAME, act).unwrap();
        let tasks = play
            .tasks
            .iter()
            .map(|(name, act, after)| spec(name, act).after(after.clone()))
            .collect();
        let (aggregate, check) = (
            spec("aggregate", &play.aggregate),
            play.check.map(|act| spec("check", &act)),
        );
        Outcome::Done(Plan {
            tasks,
            aggregate,
            check,
        })
    }
}

/// Every attempt that was begun.
pub type Performances = Arc<Mutex<Vec<(JobId, TaskId, u32)>>>;

pub struct Actor {
    performances: Performances,
}

impl Role for Actor {
    const NAME: &'static str = "stage.actor";
    type Task = Act;
    type Product = serde_json::Value;

    async fn perform(self: Rc<Self>, act: Act, ctx: RoleContext) -> Outcome<serde_json::Value> {
        self.performances
            .lock()
            .unwrap()
            .push((ctx.job(), ctx.task(), ctx.attempt()));
        match act {
            Act::Done => {}
            Act::Wait { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
            Act::RetryUntil { attempt } if ctx.attempt() < attempt => {
                return Outcome::Retry {
                    after: None,
                    cause: "not yet".to_owned(),
                };
            }
            Act::SnoozeUntil { at_ms } => {
                let performed = self.performances.lock().unwrap();
                if performed
                    .iter()
                    .filter(|(job, task, _)| (*job, *task) == (ctx.job(), ctx.task()))
                    .count()
                    < 2
                {
                    return Outcome::Snooze {
                        until: Timestamp::from_millis(at_ms),
                    };
                }
            }
            Act::Reject => {
                return Outcome::Reject {
                    reason: "told to".to_owned(),
                };
            }
            Act::PanicUntil { attempt } => assert!(ctx.attempt() >= attempt, "told to panic"),
            Act::Hang => std::future::pending().await,
            Act::Grow { children } => {
                for child in 0..children {
                    let name = format!("{}/{child}", ctx.task_name());
                    ctx.grow(TaskSpec::new(name, Self::NAME, &Act::Done).unwrap());
                }
            }
            Act::Claim { value } => {
                ctx.claim(claim(value));
            }
            Act::VerifyInputs => inputs(&ctx).for_each(|fact| ctx.verify(fact, "looked twice")),
            Act::RefuteInputs => inputs(&ctx).for_each(|fact| ctx.refute(fact, "does not add up")),
            Act::QuoteAll => ctx.facts().iter().for_each(|fact| ctx.quote(fact.id())),
            Act::Quote { fact } => ctx.quote(fact),
            Act::Artifact { name } => ctx.artifact(&name, "text/plain", b"content".to_vec()),
            Act::RetryUntil { .. } => {}
        }
        Outcome::Done(json!({"inputs": ctx.inputs().len(), "facts": ctx.facts().len()}))
    }

    fn profile() -> RoleProfile {
        RoleProfile {
            workers: 2,
            concurrency: 8,
            timeout: Duration::from_secs(60),
            ..RoleProfile::default()
        }
    }
}

fn claim(value: f64) -> Claim {
    Claim {
        statement: format!("the value is {value}"),
        value: json!(value),
        unit: "ratio".to_owned(),
        source: "stage".to_owned(),
        derived_from: vec![],
    }
}

fn inputs(ctx: &RoleContext) -> impl Iterator<Item = FactId> {
    ctx.inputs()
        .iter()
        .flat_map(|input| &input.claims)
        .map(|fact| fact.id)
}

struct StagePack {
    performances: Performances,
}

impl Pack for StagePack {
    fn name(&self) -> &'static str {
        "stage"
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind {
            name: KIND,
            summary: "Does as it is told",
            planner: Director::NAME,
            schema: json!({}),
            examples: vec![],
            admit: Arc::new(|input: &Payload| match input.read::<Play>() {
                Ok(_) => Ok(input.clone()),
                Err(error) => Err(InvalidInput {
                    code: "invalid_input",
                    field: None,
                    message: error.to_string(),
                }),
            }),
        }]
    }

    fn roles(&self) -> Vec<RoleSpec> {
        let performances = self.performances.clone();
        vec![
            RoleSpec::new(|| Director),
            RoleSpec::new(move || Actor {
                performances: performances.clone(),
            }),
        ]
    }
}

/// A house with the stage pack on a journal.
pub struct Stage {
    pub house: House,
    pub journal: Arc<dyn Journal>,
    pub artifacts: Arc<MemoryArtifacts>,
    pub performances: Performances,
}

impl Stage {
    pub fn open(universe: &Universe) -> Self {
        Self::open_on(universe, Arc::new(MemoryJournal::default()), &spec())
    }

    pub fn open_on(universe: &Universe, journal: Arc<dyn Journal>, spec: &HouseSpec) -> Self {
        let performances = Performances::default();
        let pack: Arc<dyn Pack> = Arc::new(StagePack {
            performances: performances.clone(),
        });
        let artifacts = Arc::new(MemoryArtifacts::default());
        let ports = Ports {
            journal: journal.clone(),
            artifacts: artifacts.clone(),
            fenced: Arc::new(|| panic!("fenced")),
        };
        let house = House::start(universe, Catalog::of(&[pack]).unwrap(), ports, spec);
        Self {
            house,
            journal,
            artifacts,
            performances,
        }
    }

    pub async fn submit(&self, play: &Play) -> JobId {
        let submission = Submission::new(KIND, Payload::of(play).unwrap());
        self.house
            .coordinator
            .submit(submission)
            .await
            .unwrap()
            .row
            .id
    }

    /// The job's row at its end.
    pub async fn end_of(&self, job: JobId) -> Arc<JobRow> {
        let patience = Duration::from_secs(3_600);
        let end = self
            .house
            .coordinator
            .finished(&Tenant::default(), job, patience, Default::default())
            .await
            .unwrap();
        end.unwrap_or_else(|| panic!("{job} does not end"))
    }

    pub async fn play(&self, play: &Play) -> Arc<JobRow> {
        let job = self.submit(play).await;
        self.end_of(job).await
    }

    /// Names of a job's events, in order.
    pub async fn events_of(&self, job: JobId) -> Vec<&'static str> {
        let records = self.journal.records(job, 0, 10_000).await.unwrap();
        records
            .iter()
            .flat_map(|record| record.events.iter())
            .map(|event| event.name())
            .collect()
    }
}

pub fn spec() -> HouseSpec {
    HouseSpec {
        shards: NonZeroU32::new(2).unwrap(),
        ..HouseSpec::default()
    }
}
