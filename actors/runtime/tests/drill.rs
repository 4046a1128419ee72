//! Work that does as its task says, and crews of it.

use std::future::pending;
use std::rc::Rc;
use std::time::Duration;

use callboard_runtime::testing::TestUniverse;
use callboard_runtime::{
    Crew, CrewSpec, Offer, OwnerId, SupervisorSpec, TaskKey, Work, WorkContext,
};
use tokio::sync::oneshot;

pub const OWNER: OwnerId = OwnerId(1);
/// The answer that counts as a failure.
pub const FAILURE: u64 = u64::MAX;

/// What a task asks of its worker.
#[derive(Debug)]
pub enum Order {
    Answer(u64),
    Panic(&'static str),
    /// Panics after having been polled once.
    PanicLater(&'static str),
    /// Says that it began, and waits to be let go.
    Wait(oneshot::Sender<()>, oneshot::Receiver<()>),
    /// As `Wait`, and panics when it is let go.
    WaitAndPanic(oneshot::Sender<()>, oneshot::Receiver<()>),
    /// Answers, but leaves something behind whose destructor panics.
    PanicInDrop,
    Forever,
    /// Computes until its flag is set, and says so.
    Compute(oneshot::Sender<()>, oneshot::Sender<()>),
    PanicInCompute,
    Take(Duration),
    Progress(Vec<(Duration, u64, u64)>),
}

#[derive(Default)]
pub struct Obedient;

impl Work for Obedient {
    type Task = Order;
    type Output = u64;

    async fn run(self: Rc<Self>, order: Order, ctx: WorkContext) -> u64 {
        match order {
            Order::Answer(answer) => answer,
            Order::Panic(message) => panic!("{message}"),
            Order::PanicLater(message) => {
                tokio::task::yield_now().await;
                panic!("{message}");
            }
            Order::Wait(began, go) => {
                let _ = began.send(());
                let _ = go.await;
                ctx.worker().generation
            }
            Order::WaitAndPanic(began, go) => {
                let _ = began.send(());
                let _ = go.await;
                panic!("late");
            }
            Order::PanicInDrop => {
                let _bomb = Bomb;
                0
            }
            Order::Compute(began, ended) => {
                ctx.compute(move |flag| {
                    let _ = began.send(());
                    while !flag.is_cancelled() {
                        std::thread::yield_now();
                    }
                    let _ = ended.send(());
                })
                .await;
                0
            }
            Order::PanicInCompute => ctx.compute(|_| panic!("while computing")).await,
            Order::Forever => pending().await,
            Order::Take(time) => {
                tokio::time::sleep(time).await;
                0
            }
            Order::Progress(steps) => {
                let count = steps.len() as u64;
                for (wait, done, total) in steps {
                    tokio::time::sleep(wait).await;
                    ctx.progress(done, total);
                }
                count
            }
        }
    }

    fn is_failure(answer: &u64) -> bool {
        *answer == FAILURE
    }
}

struct Bomb;

impl Drop for Bomb {
    fn drop(&mut self) {
        panic!("in drop");
    }
}

pub type DrillCrew = Crew<Order, u64>;

pub fn crew(u: &TestUniverse, spec: CrewSpec) -> DrillCrew {
    u.supervisor(SupervisorSpec::new("roles"))
        .crew(spec, || Obedient)
}

pub fn key(number: u64) -> TaskKey {
    from(u128::from(number), number)
}

pub fn from(source: u128, number: u64) -> TaskKey {
    TaskKey {
        source,
        number,
        dispatch: 0,
    }
}

pub fn offer(key: TaskKey, task: Order) -> Offer<Order> {
    Offer {
        key,
        owner: OWNER,
        share: 0.into(),
        priority: 5,
        timeout: Duration::from_secs(60),
        task,
    }
}

/// A task that waits, how to learn that it began, and how to let it go on. It answers with its generation.
pub fn wait() -> (Order, oneshot::Receiver<()>, oneshot::Sender<()>) {
    let (begin, began) = oneshot::channel();
    let (go, gone) = oneshot::channel();
    (Order::Wait(begin, gone), began, go)
}
