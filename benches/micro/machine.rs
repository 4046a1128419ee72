//! The job machine: every command and event of one job, without I/O.

use std::sync::Arc;

use callboard_drill::{DrillPack, FANOUT};
use callboard_orchestra::{
    JobId, Kind, Pack, Payload, Plan, TaskSpec, Tenant, Timestamp,
    catalog::Catalog,
    context::Deliverables,
    job::{Command, Effect, Job, JobState, Moment, Stage, Step, Submit, step, submit},
};
use criterion::{Criterion, Throughput};
use serde_json::json;

/// Tasks side by side in the job; with the plan and the sum there are two more.
const TASKS: u32 = 4;
const NOW: Timestamp = Timestamp::from_millis(1_750_000_000_000);

pub fn catalog() -> Catalog {
    Catalog::of(&[Arc::new(DrillPack::default()) as Arc<dyn Pack>])
        .expect("the drill pack is sound")
}

pub fn submission(kind: &Kind, catalog: &Catalog) -> Step {
    let submission = Submit {
        tenant: Tenant::default(),
        input: Payload::of(&json!({"tasks": TASKS})).expect("plain data"),
        priority: 5,
        labels: Default::default(),
        deadline: None,
        request_id: None,
        trace: None,
        on_exhausted: Default::default(),
    };
    submit(
        kind,
        submission,
        Moment {
            now: NOW,
            seed: 1,
            catalog,
        },
    )
}

fn plan() -> Payload {
    let task = |name: String| {
        TaskSpec::new(name, "drill.runner", &json!({"number": 1})).expect("plain data")
    };
    let plan = Plan {
        tasks: (1..=TASKS)
            .map(|number| task(format!("run:{number}")))
            .collect(),
        aggregate: TaskSpec::new("collect", "drill.collector", &()).expect("plain data"),
        check: None,
    };
    Payload::of(&plan).expect("plain data")
}

/// A job from its submission to its end; answers how many events it took.
fn whole_job(kind: &Kind, catalog: &Catalog, plan: &Payload, product: &Payload) -> u64 {
    let Step {
        events, effects, ..
    } = submission(kind, catalog);
    let mut job = Job::begin(JobId::mint(), &events[0], NOW).expect("the first event begins a job");
    for event in &events[1..] {
        job.fold(event, NOW).expect("its own events fold");
    }
    let mut effects = effects;
    while let Some(effect) = effects.pop() {
        let Effect::Offer(task) = effect else {
            continue;
        };
        let product = if job.tasks[task.index()].stage == Stage::Plan {
            plan
        } else {
            product
        };
        let finished = Command::TaskFinished {
            task,
            attempt: 1,
            product: product.clone(),
            deliverables: Deliverables::default(),
        };
        let taken = step(
            &mut job,
            finished,
            Moment {
                now: NOW,
                seed: 2,
                catalog,
            },
        )
        .expect("the task is in hand");
        effects.extend(taken.effects);
    }
    assert_eq!(job.state, JobState::Succeeded);
    job.seq
}

pub fn bench(criterion: &mut Criterion) {
    let (catalog, plan) = (catalog(), plan());
    let product = Payload::of(&json!({"number": 1})).expect("plain data");
    let kind = catalog.kind(FANOUT).expect("the drill pack brings it");
    let mut group = criterion.benchmark_group("machine");
    group.throughput(Throughput::Elements(1));
    group.bench_function("job_of_4_tasks", |bencher| {
        bencher.iter(|| whole_job(kind, &catalog, &plan, &product));
    });
    group.finish();
}
