//! A job driven as a shard drives it, with plans and histories drawn at random.

use std::{collections::HashSet, rc::Rc, sync::Arc, time::Duration};

use callboard_orchestra::{
    EffectClass, Failure, FailureKind, InvalidInput, Kind, OnExhausted, Outcome, Pack, Payload,
    Plan, Role, RoleContext, RoleProfile, RoleSpec, TaskId, TaskSpec, Tenant, Timestamp,
    catalog::Catalog,
    context::Deliverables,
    id::JobId,
    job,
    job::{
        Command, Decision, Effect, Job, JobEvent, JobState, Moment, Refused, Resolution, Stage,
        Submit, TaskState, Wait, step, submit,
    },
};
use proptest::prelude::*;

/// Name of the role whose tasks may be repeated.
pub const IDLE: &str = Idle::NAME;

struct Idle;

impl Role for Idle {
    const NAME: &'static str = "test.idle";
    type Task = ();
    type Product = ();

    async fn perform(self: Rc<Self>, _task: (), _ctx: RoleContext) -> Outcome<()> {
        Outcome::Done(())
    }
}

/// Does something that must not be repeated.
struct Payer;

impl Role for Payer {
    const NAME: &'static str = "test.payer";
    type Task = ();
    type Product = ();

    async fn perform(self: Rc<Self>, _task: (), _ctx: RoleContext) -> Outcome<()> {
        Outcome::Done(())
    }

    fn profile() -> RoleProfile {
        RoleProfile {
            effect: EffectClass::Once,
            ..RoleProfile::default()
        }
    }
}

struct TestPack;

impl Pack for TestPack {
    fn name(&self) -> &'static str {
        "test"
    }

    fn kinds(&self) -> Vec<Kind> {
        vec![Kind {
            name: "test.any",
            summary: "",
            planner: Idle::NAME,
            schema: serde_json::Value::Null,
            examples: vec![],
            admit: Arc::new(|input: &Payload| Ok::<_, InvalidInput>(input.clone())),
        }]
    }

    fn roles(&self) -> Vec<RoleSpec> {
        vec![RoleSpec::new(|| Idle), RoleSpec::new(|| Payer)]
    }
}

fn catalog() -> Catalog {
    Catalog::of(&[Arc::new(TestPack)]).unwrap()
}

/// A job with its whole history, driven as a shard drives it.
pub struct Driver {
    catalog: Catalog,
    pub job: Job,
    pub events: Vec<(JobEvent, Timestamp)>,
    offered: HashSet<TaskId>,
    now: Timestamp,
    seed: u64,
}

impl Driver {
    pub fn start() -> Self {
        Self::start_with(OnExhausted::Fail)
    }

    pub fn start_with(on_exhausted: OnExhausted) -> Self {
        let (catalog, now) = (catalog(), Timestamp::from_millis(1_000));
        let moment = Moment {
            now,
            seed: 7,
            catalog: &catalog,
        };
        let submission = Submit {
            tenant: Tenant::default(),
            input: payload(),
            priority: 5,
            labels: Default::default(),
            deadline: None,
            request_id: None,
            trace: None,
            on_exhausted,
        };
        let job::Step {
            events, effects, ..
        } = submit(catalog.kind("test.any").unwrap(), submission, moment);
        let job = Job::replay(JobId::mint(), events.iter().map(|event| (event, now))).unwrap();
        let events = events.into_iter().map(|event| (event, now)).collect();
        let mut driver = Self {
            catalog,
            job,
            events,
            offered: HashSet::new(),
            now,
            seed: 7,
        };
        driver.run(effects);
        driver
    }

    pub fn command(&mut self, command: Command) -> Result<(), Refused> {
        self.now = self.now.plus(Duration::from_secs(60));
        self.seed += 1;
        let moment = Moment {
            now: self.now,
            seed: self.seed,
            catalog: &self.catalog,
        };
        let job::Step {
            events, effects, ..
        } = step(&mut self.job, command, moment)?;
        self.events
            .extend(events.into_iter().map(|event| (event, self.now)));
        self.run(effects);
        Ok(())
    }

    fn run(&mut self, effects: Vec<Effect>) {
        for effect in effects {
            match effect {
                Effect::Offer(task) => {
                    self.assert_dependencies_succeeded(task);
                    self.offered.insert(task);
                }
                Effect::End => self.offered.clear(),
                Effect::Wake { .. } | Effect::Expire { .. } => {}
            }
        }
    }

    fn assert_dependencies_succeeded(&self, id: TaskId) {
        let task = self.job.task(id).unwrap();
        for dependency in &task.entry.after {
            let state = self.job.task(*dependency).unwrap().state;
            assert_eq!(
                state,
                TaskState::Succeeded,
                "{id} was offered before {dependency}"
            );
        }
        if task.stage == Stage::Aggregate {
            assert_eq!(
                self.job.open_tasks, 0,
                "the aggregate was offered with tasks open"
            );
        }
    }

    pub fn plan(&mut self, plan: &Plan) {
        let product = Payload::of(plan).unwrap();
        self.offered.remove(&TaskId::PLAN);
        let deliverables = Deliverables::default();
        self.command(Command::TaskFinished {
            task: TaskId::PLAN,
            attempt: 1,
            product,
            deliverables,
        })
        .unwrap();
    }

    pub fn step(&mut self, step: &Step) {
        let mut offered: Vec<_> = self.offered.iter().copied().collect();
        offered.sort();
        let pick = |at: usize| offered.get(at % offered.len().max(1)).copied();
        let attempt = |task: TaskId| self.job.task(task).unwrap().attempt;
        let command = match *step {
            Step::Finish(at) => pick(at).map(|task| finish(task, attempt(task), vec![])),
            Step::Grow(at) => pick(at).map(|task| {
                let name = format!("grown:{}", self.events.len());
                finish(
                    task,
                    attempt(task),
                    vec![TaskSpec::new(name, Idle::NAME, &()).unwrap()],
                )
            }),
            Step::Fail(at, kind) => pick(at).map(|task| Command::TaskFailed {
                task,
                attempt: attempt(task),
                failure: Failure::new(kind, "injected"),
                after: None,
            }),
            Step::Snooze(at) => pick(at).map(|task| Command::TaskSnoozed {
                task,
                attempt: attempt(task),
                until: self.now.plus(Duration::from_secs(1)),
            }),
            Step::WakeAll => None,
            Step::Stale(at) => pick(at).map(|task| finish(task, attempt(task) + 1, vec![])),
            Step::Cancel => Some(Command::Cancel {
                reason: "injected".to_owned(),
            }),
            Step::Start(at) => pick(at).map(|task| Command::Start { task }),
            Step::AskApproval(at) => pick(at).map(|task| Command::ApprovalNeeded {
                task,
                attempt: attempt(task),
                why: "injected".to_owned(),
                within: None,
            }),
            Step::AwaitSignal(at) => pick(at).map(|task| Command::SignalNeeded {
                task,
                attempt: attempt(task),
                name: "go".to_owned(),
                within: None,
            }),
            Step::Signal => Some(signal()),
            Step::Pause => Some(Command::Pause {
                reason: "injected".to_owned(),
            }),
            Step::Resume => Some(resume()),
            Step::Die => {
                self.offered.clear();
                Some(Command::Adopt {
                    held: vec![],
                    is_new_process: true,
                })
            }
            Step::Answer => self.answer(),
        };
        if let Step::WakeAll = step {
            return self.wake_all();
        }
        let Some(command) = command else { return };
        let picked = match &command {
            Command::TaskFinished { task, .. }
            | Command::TaskFailed { task, .. }
            | Command::TaskSnoozed { task, .. }
            | Command::ApprovalNeeded { task, .. }
            | Command::SignalNeeded { task, .. } => Some(*task),
            _ => None,
        };
        let died = matches!(command, Command::Adopt { .. });
        let was_final = self.job.state.is_final();
        let before = self.job.clone();
        match self.command(command) {
            Ok(()) => {
                assert!(!was_final, "a command changed a job that had ended");
                if let Some(task) = picked
                    && self.job.task(task).unwrap().state != TaskState::Ready
                {
                    self.offered.remove(&task);
                }
                if died {
                    self.run(self.job.outstanding());
                }
            }
            Err(_) => assert_eq!(before, self.job, "a refused command changed the job"),
        }
    }

    /// What a person does next for the job.
    fn answer(&self) -> Option<Command> {
        let by = || "ann".to_owned();
        let task = self
            .job
            .tasks
            .iter()
            .find(|task| task.state == TaskState::Waiting && task.wait != Some(Wait::Timer))?;
        match task.wait.clone()? {
            Wait::Timer => None,
            Wait::Approval { approval, .. } => Some(Command::Decide {
                approval,
                decision: Decision::Approve,
                by: by(),
                reason: None,
            }),
            Wait::Signal { .. } => Some(signal()),
            Wait::UnknownOutcome { effect } => Some(Command::Resolve {
                effect,
                resolution: Resolution::Again,
                by: by(),
                reason: None,
            }),
            Wait::Operator => Some(Command::Retry),
        }
    }

    /// A job that waits says for what, and one that does not has something due.
    pub fn assert_stands(&self) {
        let job = &self.job;
        let due = job.tasks.iter().filter(|task| task.state.is_due()).count();
        assert_eq!(job.due_tasks as usize, due);
        assert_eq!(job.state == JobState::Waiting, job.waiting_for.is_some());
        if !job.state.is_final() && job.state != JobState::Waiting {
            assert!(due > 0, "nothing is due in {:?}", job.state);
        }
    }

    pub fn wake_all(&mut self) {
        let sleeping: Vec<_> = self
            .job
            .tasks
            .iter()
            .filter(|task| task.state == TaskState::Retrying || task.wait == Some(Wait::Timer))
            .map(|task| task.id())
            .collect();
        for task in sleeping {
            let _ = self.command(Command::Wake { task });
        }
    }

    /// Lets every task succeed from here.
    pub fn complete(&mut self) {
        for _ in 0..10_000 {
            if self.job.paused && !self.job.state.is_final() {
                self.command(resume()).unwrap();
            }
            self.wake_all();
            while let Some(answer) = self.answer() {
                self.command(answer).unwrap();
            }
            self.assert_stands();
            let Some(task) = self.offered.iter().copied().min() else {
                return;
            };
            self.offered.remove(&task);
            let attempt = self.job.task(task).unwrap().attempt;
            self.command(finish(task, attempt, vec![])).unwrap();
        }
        panic!("the job does not end: {:?}", self.job.state);
    }
}

fn signal() -> Command {
    Command::Signal {
        name: "go".to_owned(),
        payload: payload(),
    }
}

fn resume() -> Command {
    Command::Resume {
        reason: "injected".to_owned(),
    }
}

fn payload() -> Payload {
    Payload::of(&()).unwrap()
}

fn finish(task: TaskId, attempt: u32, growth: Vec<TaskSpec>) -> Command {
    let deliverables = Deliverables {
        growth,
        ..Deliverables::default()
    };
    Command::TaskFinished {
        task,
        attempt,
        product: payload(),
        deliverables,
    }
}

#[derive(Debug, Clone, Copy)]
pub enum Step {
    Finish(usize),
    Grow(usize),
    Fail(usize, FailureKind),
    Snooze(usize),
    WakeAll,
    Stale(usize),
    Cancel,
    Start(usize),
    AskApproval(usize),
    AwaitSignal(usize),
    Signal,
    Pause,
    Resume,
    Die,
    Answer,
}

pub fn any_step() -> impl Strategy<Value = Step> {
    let failure = prop_oneof![
        8 => Just(FailureKind::Timeout),
        4 => Just(FailureKind::Panicked),
        4 => Just(FailureKind::WorkerLost),
        2 => Just(FailureKind::BreakerOpen),
        1 => Just(FailureKind::Domain),
    ];
    prop_oneof![
        20 => any::<usize>().prop_map(Step::Finish),
        3 => any::<usize>().prop_map(Step::Grow),
        6 => (any::<usize>(), failure).prop_map(|(at, kind)| Step::Fail(at, kind)),
        4 => any::<usize>().prop_map(Step::Snooze),
        6 => Just(Step::WakeAll),
        3 => any::<usize>().prop_map(Step::Stale),
        1 => Just(Step::Cancel),
        6 => any::<usize>().prop_map(Step::Start),
        3 => any::<usize>().prop_map(Step::AskApproval),
        3 => any::<usize>().prop_map(Step::AwaitSignal),
        2 => Just(Step::Signal),
        1 => Just(Step::Pause),
        2 => Just(Step::Resume),
        2 => Just(Step::Die),
        6 => Just(Step::Answer),
    ]
}

/// A random DAG: each task depends on some of those before it, and the list is then shuffled.
pub fn any_plan() -> impl Strategy<Value = Plan> {
    let edges = prop::collection::vec(
        prop::collection::vec(any::<prop::sample::Index>(), 0..3),
        0..12,
    );
    (edges, any::<bool>()).prop_perturb(|(edges, check), mut rng| {
        let mut tasks: Vec<TaskSpec> = edges
            .iter()
            .enumerate()
            .map(|(index, after)| {
                let names: HashSet<_> = after
                    .iter()
                    .filter(|_| index > 0)
                    .map(|at| format!("t{}", at.index(index)))
                    .collect();
                let role = if index % 3 == 0 {
                    Payer::NAME
                } else {
                    Idle::NAME
                };
                TaskSpec::new(format!("t{index}"), role, &())
                    .unwrap()
                    .after(names)
            })
            .collect();
        for index in (1..tasks.len()).rev() {
            tasks.swap(index, rng.random_range(0..=index));
        }
        let end = |name: &str| TaskSpec::new(name, Idle::NAME, &()).unwrap();
        Plan {
            tasks,
            aggregate: end("aggregate"),
            check: check.then(|| end("check")),
        }
    })
}
