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
    Claim, EffectClass, FactId, House, HouseSpec, InvalidInput, JobId, Kind, Outcome, Pack,
    Payload, Plan, Ports, Role, RoleContext, RoleProfile, RoleSpec, Submission, TaskId, TaskSpec,
    Tenant, Timestamp,
    artifact::MemoryArtifacts,
    catalog::Catalog,
    journal::{JobRow, Journal, MemoryJournal},
};
use callboard_runtime::Universe;
use serde::{Deserialize, Serialize};
use serde_json::json;
use tokio::sync::Notify;

pub const KIND: &str = "stage.play";
/// Time of a tally, and before and after a signal: longer than a record is held back for the next of its job.
const WORK: Duration = Duration::from_millis(10);
/// How long a test waits for what should happen.
const PATIENCE: Duration = Duration::from_secs(3_600);

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
    /// Put off once, to `at_ms`.
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
    Approval {
        within_ms: u64,
    },
    Signal {
        name: String,
        within_ms: Option<u64>,
    },
    /// Takes a while. Its product is how often the task has been begun.
    Tally,
    /// Says that it is half done, and is done.
    Progress,
    By {
        part: Part,
        act: Box<Act>,
    },
}

impl Act {
    pub fn by(self, part: Part) -> Self {
        let act = Box::new(self);
        Self::By { part, act }
    }
}

/// Who does it; the actor unless told otherwise.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    Thinker,
    Payer,
    Poster,
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
        let spec = |name: &str, act: &Act| {
            let (role, act) = match act {
                Act::By { part, act } => (part.role(), &**act),
                act => (Actor::NAME, act),
            };
            TaskSpec::new(name, role, act).unwrap()
        };
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

/// What the roles leave behind for a test to see.
#[derive(Clone, Default)]
struct Records {
    performances: Performances,
    keys: Arc<Mutex<Vec<String>>>,
    stirred: Arc<Notify>,
}

impl Records {
    fn enter(&self, ctx: &RoleContext) {
        let performance = (ctx.job(), ctx.task(), ctx.attempt());
        self.performances.lock().unwrap().push(performance);
        self.keys.lock().unwrap().push(ctx.idempotency_key());
        self.stirred.notify_waiters();
    }

    fn begun(&self, job: JobId, task: TaskId) -> usize {
        let performances = self.performances.lock().unwrap();
        let of = performances
            .iter()
            .filter(|(j, t, _)| (*j, *t) == (job, task));
        of.count()
    }
}

async fn act_out(records: Records, act: Act, ctx: RoleContext) -> Outcome<serde_json::Value> {
    records.enter(&ctx);
    match act {
        Act::Done => {}
        Act::Progress => ctx.progress(1, 2),
        Act::Wait { ms } => tokio::time::sleep(Duration::from_millis(ms)).await,
        Act::RetryUntil { attempt } if ctx.attempt() < attempt => {
            return Outcome::Retry {
                after: None,
                cause: "not yet".to_owned(),
            };
        }
        Act::SnoozeUntil { at_ms } if ctx.snoozes() == 0 => {
            return Outcome::Snooze {
                until: Timestamp::from_millis(at_ms),
            };
        }
        Act::Approval { within_ms } if ctx.consent().is_none() => {
            return Outcome::NeedsApproval {
                why: "may I".to_owned(),
                within: Some(Duration::from_millis(within_ms)),
            };
        }
        Act::Signal { name, within_ms } => {
            tokio::time::sleep(WORK).await;
            let within = within_ms.map(Duration::from_millis);
            return match ctx.signal() {
                Some(payload) => Outcome::Done(payload.read().unwrap()),
                None => Outcome::AwaitSignal { name, within },
            };
        }
        Act::Tally => {
            tokio::time::sleep(WORK).await;
            return Outcome::Done(json!(records.begun(ctx.job(), ctx.task())));
        }
        Act::By { .. } => unreachable!("the director gives the act to its part"),
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
                ctx.grow(TaskSpec::new(name, Actor::NAME, &Act::Done).unwrap());
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
        Act::RetryUntil { .. } | Act::SnoozeUntil { .. } | Act::Approval { .. } => {}
    }
    Outcome::Done(json!({"inputs": ctx.inputs().len(), "facts": ctx.facts().len()}))
}

fn staffed() -> RoleProfile {
    RoleProfile {
        workers: 2,
        concurrency: 8,
        timeout: Duration::from_secs(60),
        ..RoleProfile::default()
    }
}

/// A role that does as it is told, with a profile of its own.
macro_rules! part {
    ($role:ident, $name:literal, $profile:expr) => {
        pub struct $role {
            records: Records,
        }

        impl Role for $role {
            const NAME: &'static str = $name;
            type Task = Act;
            type Product = serde_json::Value;

            async fn perform(self: Rc<Self>, act: Act, ctx: RoleContext) -> Outcome<Self::Product> {
                act_out(self.records.clone(), act, ctx).await
            }

            fn profile() -> RoleProfile {
                $profile
            }
        }
    };
}

part!(Actor, "stage.actor", staffed());
part!(
    Thinker,
    "stage.thinker",
    RoleProfile {
        pure: true,
        ..staffed()
    }
);
part!(
    Payer,
    "stage.payer",
    RoleProfile {
        effect: EffectClass::Once,
        ..staffed()
    }
);
part!(
    Poster,
    "stage.poster",
    RoleProfile {
        effect: EffectClass::Keyed,
        ..staffed()
    }
);

impl Part {
    const fn role(self) -> &'static str {
        match self {
            Self::Thinker => Thinker::NAME,
            Self::Payer => Payer::NAME,
            Self::Poster => Poster::NAME,
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
    records: Records,
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
        macro_rules! cast {
            ($role:ident) => {{
                let records = self.records.clone();
                RoleSpec::new(move || $role {
                    records: records.clone(),
                })
            }};
        }
        vec![
            RoleSpec::new(|| Director),
            cast!(Actor),
            cast!(Thinker),
            cast!(Payer),
            cast!(Poster),
        ]
    }
}

/// A house with the stage pack on a journal.
pub struct Stage {
    pub house: House,
    pub journal: Arc<dyn Journal>,
    pub artifacts: Arc<MemoryArtifacts>,
    pub performances: Performances,
    /// The idempotency key of every attempt that was begun.
    pub keys: Arc<Mutex<Vec<String>>>,
    records: Records,
}

impl Stage {
    pub fn open(universe: &Universe) -> Self {
        Self::open_on(universe, Arc::new(MemoryJournal::default()), &spec())
    }

    pub fn open_on(universe: &Universe, journal: Arc<dyn Journal>, spec: &HouseSpec) -> Self {
        let (records, artifacts) = (Records::default(), Arc::<MemoryArtifacts>::default());
        let pack: Arc<dyn Pack> = Arc::new(StagePack {
            records: records.clone(),
        });
        let ports = Ports {
            journal: journal.clone(),
            artifacts: artifacts.clone(),
            fenced: Arc::new(|| panic!("fenced")),
            ended: None,
        };
        let house = House::start(universe, Catalog::of(&[pack]).unwrap(), ports, spec);
        Self {
            house,
            journal,
            artifacts,
            performances: records.performances.clone(),
            keys: records.keys.clone(),
            records,
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

    /// Returns once `count` attempts of a job were begun.
    pub async fn begun(&self, job: JobId, count: usize) {
        loop {
            let stirred = self.records.stirred.notified();
            if self.attempts_of(job).len() >= count {
                return;
            }
            stirred.await;
        }
    }

    /// Attempts of a job that were begun, as task and attempt.
    pub fn attempts_of(&self, job: JobId) -> Vec<(u32, u32)> {
        let performances = self.performances.lock().unwrap();
        let own = performances.iter().filter(|(of, _, _)| *of == job);
        own.map(|(_, task, attempt)| (task.0, *attempt)).collect()
    }

    /// Returns once an event of that name has been committed `count` times.
    pub async fn until(&self, job: JobId, event: &str, count: usize) {
        let heard = tokio::time::timeout(PATIENCE, self.hear(job, event, count)).await;
        heard.unwrap_or_else(|_| panic!("{job} has not come to {event} {count} times"));
    }

    async fn hear(&self, job: JobId, event: &str, count: usize) {
        let mut frames = self.house.coordinator.hub().follow_job(job);
        loop {
            let events = self.events_of(job).await;
            if events.iter().filter(|name| **name == event).count() >= count {
                return;
            }
            // A watcher that fell behind has missed frames, not events.
            let _ = frames.recv().await;
        }
    }

    /// Returns when everything the house was about to do at this instant is done.
    pub async fn fence(&self) {
        let row = self.play(&Play::of([Act::Done])).await;
        assert_eq!(row.state, callboard_orchestra::job::JobState::Succeeded);
    }

    /// The job's row at its end.
    pub async fn end_of(&self, job: JobId) -> Arc<JobRow> {
        let end = self
            .house
            .coordinator
            .finished(&Tenant::default(), job, PATIENCE, Default::default())
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
