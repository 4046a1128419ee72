//! A crew's round trip: a task is offered, handed to a worker on another thread, done, reported and acknowledged.

use std::{
    num::NonZeroUsize,
    rc::Rc,
    sync::{Arc, mpsc},
    time::Duration,
};

use callboard_runtime::{
    CrewSpec, Notice, Offer, OwnerId, SupervisorSpec, TaskKey, Universe, Work, WorkContext,
};
use criterion::{Criterion, Throughput};

const OWNER: OwnerId = OwnerId(1);
const TASK_TIMEOUT: Duration = Duration::from_secs(60);

struct Echo;

impl Work for Echo {
    type Task = u64;
    type Output = u64;

    async fn run(self: Rc<Self>, task: u64, _ctx: WorkContext) -> u64 {
        task
    }
}

pub fn bench(criterion: &mut Criterion) {
    let system = actix_web::rt::System::new();
    let universe = system.block_on(async { Universe::threads(NonZeroUsize::MIN) });
    let crew = universe
        .supervisor(SupervisorSpec::new("bench"))
        .crew(CrewSpec::new("echo"), || Echo);
    let (tell, told) = mpsc::channel();
    crew.enrol(
        OWNER,
        Arc::new(move |notice| {
            if let Notice::Finished(report) = notice {
                // Err means that the bench is over.
                let _ = tell.send(report.key);
            }
        }),
    );

    let mut number = 0;
    let mut group = criterion.benchmark_group("crew");
    group.throughput(Throughput::Elements(1));
    group.bench_function("round_trip", |bencher| {
        bencher.iter(|| {
            number += 1;
            let key = TaskKey {
                source: 1,
                number,
                dispatch: 0,
            };
            crew.offer(Offer {
                key,
                owner: OWNER,
                share: 0.into(),
                priority: 5,
                timeout: TASK_TIMEOUT,
                task: number,
            });
            assert_eq!(told.recv().expect("the crew reports every task"), key);
            crew.acknowledge(key);
        });
    });
    group.finish();
    system.block_on(universe.shutdown());
}
