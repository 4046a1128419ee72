//! Real threads and real time: arbiters that spin, work across threads.

use std::num::NonZeroUsize;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use callboard_runtime::testing::threads;
use callboard_runtime::{
    Condition, Crew, CrewSpec, EventKind, Handle, Home, Supervisor, SupervisorSpec, Universe, Work,
    WorkContext,
};

use crate::drill::{OWNER, Order, crew, key, offer};

const TWO: NonZeroUsize = NonZeroUsize::new(2).unwrap();

struct Spinner(Arc<AtomicBool>);

impl Work for Spinner {
    type Task = Order;
    type Output = u64;

    async fn run(self: Rc<Self>, _: Order, _: WorkContext) -> u64 {
        while !self.0.load(Ordering::Relaxed) {
            std::hint::spin_loop();
        }
        7
    }
}

#[test]
fn an_arbiter_that_spins_is_noticed_within_four_seconds_and_again_when_it_answers() {
    threads(TWO, |u| async move {
        let mut events = u.watch();
        let enough = Arc::new(AtomicBool::new(false));
        let roles = u.supervisor(SupervisorSpec::new("roles"));
        let factory = {
            let enough = enough.clone();
            move || Spinner(enough.clone())
        };
        let spinner = roles.crew(CrewSpec::new("spinner"), factory);
        let neighbour = roles.crew(CrewSpec::new("neighbour"), || crate::drill::Obedient);
        let mut inbox = u.inbox(&spinner, OWNER);
        let mut neighbours = u.inbox(&neighbour, OWNER);
        assert!(u.is_ready());

        let begun = Instant::now();
        spinner.offer(offer(key(1), Order::Answer(1)));
        let event = events.until(EventKind::ArbiterStalled).await;
        assert!(
            begun.elapsed() < Duration::from_secs(4),
            "{:?}",
            begun.elapsed()
        );
        assert!(event.node.starts_with("arbiter/roles."), "{}", event.node);
        assert!(!u.is_ready());
        assert!(matches!(u.condition(), Condition::Degraded(_)));
        neighbour.offer(offer(key(2), Order::Answer(2)));
        assert_eq!(neighbours.finished().await.outcome, Ok(2), "others go on");

        enough.store(true, Ordering::Relaxed);
        assert_eq!(inbox.finished().await.outcome, Ok(7));
        events.until(EventKind::ArbiterRecovered).await;
        assert!(u.is_ready());
    });
}

#[test]
fn a_task_on_an_arbiter_that_spins_times_out_at_its_deadline() {
    threads(TWO, |u| async move {
        let enough = Arc::new(AtomicBool::new(false));
        let roles = u.supervisor(SupervisorSpec::new("roles"));
        let factory = {
            let enough = enough.clone();
            move || Spinner(enough.clone())
        };
        let spinner = roles.crew(CrewSpec::new("overdue"), factory);
        let mut inbox = u.inbox(&spinner, OWNER);
        let mut late = offer(key(1), Order::Answer(1));
        late.timeout = Duration::from_millis(200);
        spinner.offer(late);
        let fault = inbox.finished().await.outcome.unwrap_err();
        assert_eq!(fault, callboard_runtime::Fault::Timeout);
        enough.store(true, Ordering::Relaxed);
        spinner.offer(offer(key(2), Order::Answer(2)));
        assert_eq!(inbox.finished().await.outcome, Ok(7), "the slot came back");
    });
}

#[test]
fn tasks_flow_between_threads_and_none_is_lost() {
    const TASKS: u64 = 20_000;
    threads(TWO, |u| async move {
        let crew = crew(
            &u,
            CrewSpec {
                workers: 4,
                concurrency: 4,
                queue_max: TASKS as usize,
                share_max: TASKS as usize,
                ..CrewSpec::new("threads")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        for number in 0..TASKS {
            crew.offer(offer(key(number), Order::Answer(number)));
        }
        for _ in 0..TASKS {
            let report = inbox.finished().await;
            assert_eq!(report.outcome, Ok(report.key.number));
            crew.acknowledge(report.key);
        }
        assert!(crew.drain(Duration::from_secs(10)).await);
    });
}

#[test]
fn a_panic_in_a_spawned_future_does_not_end_its_arbiter() {
    threads(TWO, |u| async move {
        u.spawn(Home::Core, async { panic!("spawned") });
        let (done, finished) = tokio::sync::oneshot::channel();
        u.spawn(Home::Core, async move {
            let _ = done.send(());
        });
        finished.await.unwrap();
    });
}

#[test]
fn handles_may_be_shared_between_threads() {
    fn shared<T: Clone + Send + Sync + 'static>() {}
    shared::<Universe>();
    shared::<Supervisor>();
    shared::<Handle<Vec<u8>>>();
    shared::<Crew<Vec<u8>, String>>();
    fn sent<T: Clone + Send + 'static>() {}
    sent::<WorkContext>();
    sent::<callboard_runtime::CancelFlag>();
}
