//! What a task costs on its way through a crew, and how long a ping waits while every core computes.
//!
//! The limit for the ping is a p99 of 20 ms; the benchmark fails above it.

use std::hint::black_box;
use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use callboard_runtime::testing::threads;
use callboard_runtime::{
    ChildSpec, Crew, CrewSpec, Handle, Notice, Offer, OwnerId, Resident, ResidentContext,
    SupervisorSpec, TaskKey, Work, WorkContext,
};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use tokio::sync::{mpsc, oneshot};

const OWNER: OwnerId = OwnerId(1);
const TASKS: u64 = 10_000;
const COMPUTE_JOBS: u64 = 32;
const PING_P99_MAX: Duration = Duration::from_millis(20);

struct Echo;

impl Work for Echo {
    type Task = u64;
    type Output = u64;

    async fn run(self: Rc<Self>, task: u64, _: WorkContext) -> u64 {
        task
    }
}

struct Statistics;

impl Work for Statistics {
    type Task = u64;
    type Output = f64;

    async fn run(self: Rc<Self>, seed: u64, ctx: WorkContext) -> f64 {
        ctx.compute(move |_| {
            let mut values: Vec<f64> = (0..1_000_000_u64)
                .map(|n| {
                    (n.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(seed) >> 11) as f64
                })
                .collect();
            values.sort_by(f64::total_cmp);
            black_box(values[values.len() / 2])
        })
        .await
    }
}

struct Ponger;

impl Resident for Ponger {
    type Message = oneshot::Sender<()>;

    fn handle(&mut self, reply: oneshot::Sender<()>, _: &mut ResidentContext<Self>) {
        let _ = reply.send(());
    }
}

fn offer(number: u64) -> Offer<u64> {
    Offer {
        key: TaskKey {
            source: 1,
            number,
            dispatch: 0,
        },
        owner: OWNER,
        share: (number % 4).into(),
        priority: 5,
        timeout: Duration::from_secs(60),
        task: number,
    }
}

fn finished<T: Send + 'static, O: Clone + Send + 'static>(
    crew: &Crew<T, O>,
) -> mpsc::UnboundedReceiver<TaskKey> {
    let (sender, receiver) = mpsc::unbounded_channel();
    crew.enrol(
        OWNER,
        Arc::new(move |notice| {
            if let Notice::Finished(report) = notice {
                let _ = sender.send(report.key);
            }
        }),
    );
    receiver
}

/// Offers, hands out, performs, reports and acknowledges [`TASKS`] tasks as often as criterion asks.
fn tasks_through_a_crew(times: u64) -> Duration {
    let mut elapsed = Duration::ZERO;
    threads(NonZeroUsize::MIN, |u| {
        let elapsed = &mut elapsed;
        async move {
            let spec = CrewSpec {
                workers: 4,
                concurrency: 16,
                queue_max: TASKS as usize,
                share_max: TASKS as usize,
                ..CrewSpec::new("echo")
            };
            let crew = u
                .supervisor(SupervisorSpec::new("roles"))
                .crew(spec, || Echo);
            let mut done = finished(&crew);
            let begun = Instant::now();
            for _ in 0..times {
                (0..TASKS).for_each(|number| crew.offer(offer(number)));
                for _ in 0..TASKS {
                    let key = done.recv().await.expect("the crew holds the sink");
                    crew.acknowledge(key);
                }
            }
            *elapsed = begun.elapsed();
        }
    });
    elapsed
}

/// The waits of pings to a resident on the core while [`COMPUTE_JOBS`] tasks compute.
fn pings_under_load() -> Vec<Duration> {
    let mut waits = Vec::new();
    threads(NonZeroUsize::MIN, |u| {
        let waits = &mut waits;
        async move {
            let group = u.supervisor(SupervisorSpec::new("bench"));
            let ponger: Handle<_> = group.resident(ChildSpec::new("ponger"), || Ponger);
            let spec = CrewSpec {
                workers: 2,
                concurrency: 16,
                ..CrewSpec::new("statistics")
            };
            let crew = group.crew(spec, || Statistics);
            let mut done = finished(&crew);
            (0..COMPUTE_JOBS).for_each(|number| crew.offer(offer(number)));
            let mut left = COMPUTE_JOBS;
            while left > 0 {
                let begun = Instant::now();
                let asked = ponger.ask(Duration::from_secs(10), |reply| reply);
                asked.await.expect("the resident lives");
                waits.push(begun.elapsed());
                while done.try_recv().is_ok() {
                    left -= 1;
                }
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
        }
    });
    waits
}

fn crew(c: &mut Criterion) {
    let mut group = c.benchmark_group("crew");
    group.throughput(Throughput::Elements(TASKS));
    group.sample_size(10);
    group.bench_function("tasks", |b| b.iter_custom(tasks_through_a_crew));
    group.finish();

    let mut group = c.benchmark_group("ping_under_load");
    group.sample_size(10);
    group.bench_function("p99", |b| {
        b.iter_custom(|times| {
            (0..times)
                .map(|_| {
                    let mut waits = pings_under_load();
                    waits.sort_unstable();
                    let p99 = waits[waits.len() * 99 / 100];
                    assert!(p99 < PING_P99_MAX, "p99 of {p99:?}");
                    p99
                })
                .sum()
        });
    });
    group.finish();
}

criterion_group!(benches, crew);
criterion_main!(benches);
