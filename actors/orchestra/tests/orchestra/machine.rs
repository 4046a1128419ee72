//! Properties of the job machine over random plans and random histories.

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
struct Driver {
    catalog: Catalog,
    job: Job,
    events: Vec<(JobEvent, Timestamp)>,
    offered: HashSet<TaskId>,
    now: Timestamp,
    seed: u64,
}

impl Driver {
    fn start() -> Self {
        Self::start_with(OnExhausted::Fail)
    }

    fn start_with(on_exhausted: OnExhausted) -> Self {
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

    fn command(&mut self, command: Command) -> Result<(), Refused> {
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

    fn plan(&mut self, plan: &Plan) {
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

    fn step(&mut self, step: &Step) {
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
    fn assert_stands(&self) {
        let job = &self.job;
        let due = job.tasks.iter().filter(|task| task.state.is_due()).count();
        assert_eq!(job.due_tasks as usize, due);
        assert_eq!(job.state == JobState::Waiting, job.waiting_for.is_some());
        if !job.state.is_final() && job.state != JobState::Waiting {
            assert!(due > 0, "nothing is due in {:?}", job.state);
        }
    }

    fn wake_all(&mut self) {
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
    fn complete(&mut self) {
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
enum Step {
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

fn any_step() -> impl Strategy<Value = Step> {
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
fn any_plan() -> impl Strategy<Value = Plan> {
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

proptest! {
    #[test]
    fn waves_respect_the_dag_and_every_job_can_end(plan in any_plan(), steps in prop::collection::vec(any_step(), 0..60), pauses in any::<bool>()) {
        let mut driver = Driver::start_with(if pauses { OnExhausted::Pause } else { OnExhausted::Fail });
        driver.plan(&plan);
        for step in &steps {
            driver.step(step);
            driver.assert_stands();
        }
        driver.complete();
        prop_assert!(driver.job.state.is_final(), "stuck in {:?}", driver.job.state);
    }

    #[test]
    fn every_prefix_of_a_history_replays_to_a_valid_job(plan in any_plan(), steps in prop::collection::vec(any_step(), 0..40)) {
        let mut driver = Driver::start();
        driver.plan(&plan);
        for step in &steps {
            driver.step(step);
        }
        let id = driver.job.id;
        let whole = Job::replay(id, driver.events.iter().map(|(event, at)| (event, *at))).unwrap();
        prop_assert_eq!(&whole, &driver.job);
        for length in 1..driver.events.len() {
            let prefix = Job::replay(id, driver.events[..length].iter().map(|(event, at)| (event, *at))).unwrap();
            prop_assert_eq!(prefix.seq, length as u64);
        }
    }

    #[test]
    fn no_command_leads_out_of_a_final_state(plan in any_plan(), steps in prop::collection::vec(any_step(), 0..40)) {
        let mut driver = Driver::start();
        driver.plan(&plan);
        driver.command(Command::Cancel { reason: "done".to_owned() }).unwrap();
        let ended = driver.job.clone();
        for step in &steps {
            driver.step(step);
        }
        prop_assert_eq!(driver.job.state, JobState::Cancelled);
        prop_assert_eq!(driver.job, ended);
    }
}

#[test]
fn a_plan_with_a_cycle_fails_the_job_and_names_a_task_on_it() {
    let task =
        |name: &str, after: &str| TaskSpec::new(name, Idle::NAME, &()).unwrap().after([after]);
    let plan = Plan {
        tasks: vec![task("a", "b"), task("b", "a")],
        aggregate: TaskSpec::new("aggregate", Idle::NAME, &()).unwrap(),
        check: None,
    };
    let mut driver = Driver::start();
    driver.plan(&plan);
    assert_eq!(driver.job.state, JobState::Failed);
    let (failure, _) = driver.job.failure.unwrap();
    assert!(failure.message.contains("cycle"), "{}", failure.message);
}

#[test]
fn a_plan_that_names_an_unknown_role_is_told_the_near_one() {
    let plan = Plan {
        tasks: vec![TaskSpec::new("a", "test.idel", &()).unwrap()],
        aggregate: TaskSpec::new("aggregate", Idle::NAME, &()).unwrap(),
        check: None,
    };
    let mut driver = Driver::start();
    driver.plan(&plan);
    let (failure, _) = driver.job.failure.unwrap();
    assert!(
        failure.message.contains("did you mean `test.idle`"),
        "{}",
        failure.message
    );
}

#[test]
fn a_task_that_panics_its_role_three_times_is_poison() {
    let mut driver = Driver::start();
    let failed = |attempt| Command::TaskFailed {
        task: TaskId::PLAN,
        attempt,
        failure: Failure::new(FailureKind::Panicked, "boom"),
        after: None,
    };
    for attempt in 1..=3 {
        assert!(!driver.job.state.is_final());
        driver.command(failed(attempt)).unwrap();
        driver.wake_all();
    }
    assert_eq!(driver.job.failure.unwrap().0.kind, FailureKind::Poisoned);
}

#[test]
fn an_open_breaker_uses_no_attempt() {
    let mut driver = Driver::start();
    for _ in 0..50 {
        let failure = Failure::new(FailureKind::BreakerOpen, "open");
        driver
            .command(Command::TaskFailed {
                task: TaskId::PLAN,
                attempt: 1,
                failure,
                after: None,
            })
            .unwrap();
    }
    assert_eq!(driver.job.task(TaskId::PLAN).unwrap().attempt, 1);
}
