//! Panics of tasks: nothing is lost, nobody else is hurt, every one is counted once.

use std::collections::HashMap;
use std::time::Duration;

use callboard_runtime::testing::universe;
use callboard_runtime::{BreakerSpec, CrewSpec, EventKind, Fault, Notice, SupervisionEvent};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

use crate::drill::{OWNER, Order, crew, from, key, offer, wait};

/// A crew whose breaker stays out of the way.
fn undisturbed(role: &str) -> CrewSpec {
    CrewSpec {
        queue_max: usize::MAX,
        share_max: usize::MAX,
        breaker: BreakerSpec {
            failures_min: usize::MAX,
            streak: usize::MAX,
            ..BreakerSpec::default()
        },
        ..CrewSpec::new(role)
    }
}

fn order(number: u64, rng: &mut StdRng) -> Order {
    match rng.random_range(0..100) {
        0 => Order::Panic("at once"),
        1 => Order::PanicLater("later"),
        _ => Order::Answer(number),
    }
}

#[test]
fn of_fifty_thousand_tasks_with_panics_every_one_ends_and_every_attempt_is_accounted_for() {
    const TASKS: u64 = 50_000;
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(
            &u,
            CrewSpec {
                workers: 8,
                concurrency: 4,
                ..undisturbed("accounting")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let mut rng = StdRng::seed_from_u64(7);
        for number in 0..TASKS {
            crew.offer(offer(key(number), order(number, &mut rng)));
        }
        let (mut attempts, mut panics, mut resolved, mut panics_seen) = (0, 0, 0, 0);
        while resolved < TASKS {
            let notice = inbox.next().await;
            panics_seen += panicked(events.so_far());
            match notice {
                Notice::Started { .. } => attempts += 1,
                Notice::Finished(report) => {
                    crew.acknowledge(report.key);
                    match report.outcome {
                        Ok(answer) => {
                            assert_eq!(answer, report.key.number);
                            resolved += 1;
                        }
                        Err(Fault::Panicked(_)) => {
                            panics += 1;
                            let number = report.key.number;
                            crew.offer(offer(key(number), order(number, &mut rng)));
                        }
                        Err(other) => panic!("nothing else may go wrong: {other}"),
                    }
                }
                other => panic!("nothing else may be said: {other:?}"),
            }
        }
        u.expect_panics(panics);
        assert!(panics > 500, "{panics} panics prove little");
        assert_eq!(
            attempts,
            TASKS + panics,
            "no task paid for the panic of another"
        );
        assert!(crew.drain(Duration::from_secs(1)).await);
        assert_eq!(
            panics_seen + panicked(events.so_far()),
            panics,
            "one event for each panic"
        );
        let vitals = crew.vitals();
        assert_eq!((vitals.queue_depth, vitals.in_hand, vitals.held), (0, 0, 0));
        assert_eq!(vitals.panics, panics);
        assert!(vitals.workers.iter().all(|worker| worker.in_hand == 0));
    });
}

fn panicked(events: Vec<SupervisionEvent>) -> u64 {
    let of_tasks =
        |event: &&SupervisionEvent| event.kind == EventKind::Panicked && event.task.is_some();
    events.iter().filter(of_tasks).count() as u64
}

#[test]
fn a_panic_is_reported_with_its_message_and_the_next_task_meets_the_next_generation() {
    universe(|u| async move {
        u.expect_panics(1);
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("typed"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Panic("boom")));
        crew.offer(offer(key(2), Order::Answer(2)));
        let report = inbox.finished().await;
        assert_eq!(report.outcome, Err(Fault::Panicked("boom".to_owned())));
        let report = inbox.finished().await;
        assert_eq!(report.worker.map(|worker| worker.generation), Some(2));

        let event = events.until(EventKind::Panicked).await;
        assert_eq!(event.node, "root/roles/typed");
        assert_eq!(event.role.as_deref(), Some("typed"));
        assert_eq!((event.worker, event.generation), (Some(0), 1));
        assert_eq!(
            (event.task, event.cause.as_deref()),
            (Some(key(1)), Some("boom"))
        );
        let event = events.until(EventKind::Restarting).await;
        assert_eq!(event.delay_ms, Some(0), "an isolated panic costs no wait");
        assert_eq!(events.until(EventKind::Started).await.generation, 2);
    });
}

#[test]
fn from_the_second_panic_in_a_row_a_worker_waits_and_a_success_ends_the_row() {
    universe(|u| async move {
        u.expect_panics(4);
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("row"));
        let mut inbox = u.inbox(&crew, OWNER);
        let bad = || Order::Panic("again");
        for (number, order) in [bad(), bad(), bad(), Order::Answer(1), bad()]
            .into_iter()
            .enumerate()
        {
            crew.offer(offer(key(number as u64), order));
        }
        let mut delays = Vec::new();
        for _ in 0..4 {
            delays.push(events.until(EventKind::Restarting).await.delay_ms.unwrap());
        }
        for _ in 0..5 {
            inbox.finished().await;
        }
        assert_eq!((delays[0], delays[3]), (0, 0));
        assert!((50..=150).contains(&delays[1]), "{delays:?}");
        assert!((100..=300).contains(&delays[2]), "{delays:?}");
    });
}

#[test]
fn while_one_worker_waits_for_its_rebuild_the_others_take_its_tasks() {
    universe(|u| async move {
        u.expect_panics(2);
        let mut events = u.watch();
        let crew = crew(
            &u,
            CrewSpec {
                workers: 2,
                ..CrewSpec::new("others")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let (busy, began, go) = wait();
        crew.offer(offer(key(0), busy));
        began.await.unwrap();
        crew.offer(offer(key(1), Order::Panic("first")));
        crew.offer(offer(key(2), Order::Panic("second")));
        for _ in 0..2 {
            inbox.finished().await;
        }
        events
            .until_that(|event| event.delay_ms.is_some_and(|delay| delay > 0))
            .await;
        go.send(()).unwrap();
        inbox.finished().await;
        crew.offer(offer(key(3), Order::Answer(3)));
        let report = inbox.finished().await;
        assert_eq!(report.worker.map(|worker| worker.index), Some(0));
        assert!(events.so_far().is_empty(), "the other one still waits");
    });
}

#[test]
fn a_panic_leaves_the_other_tasks_of_its_worker_alone_and_they_end_on_the_old_instance() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(
            &u,
            CrewSpec {
                concurrency: 2,
                ..CrewSpec::new("collateral")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let (waiting, began, go) = wait();
        crew.offer(offer(key(1), waiting));
        began.await.unwrap();
        crew.offer(offer(key(2), Order::Panic("alone")));
        assert_eq!(inbox.finished().await.key, key(2));
        go.send(()).unwrap();
        let report = inbox.finished().await;
        assert_eq!((report.key, report.outcome), (key(1), Ok(1)));
    });
}

#[test]
fn a_role_that_asks_for_it_has_the_other_tasks_of_the_worker_aborted() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(
            &u,
            CrewSpec {
                concurrency: 3,
                abort_inflight: true,
                ..CrewSpec::new("abort-inflight")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let mut gates = Vec::new();
        for number in 1..=2 {
            let (waiting, began, go) = wait();
            crew.offer(offer(key(number), waiting));
            began.await.unwrap();
            gates.push(go);
        }
        crew.offer(offer(key(3), Order::Panic("all of us")));
        let mut outcomes = HashMap::new();
        for _ in 0..3 {
            let report = inbox.finished().await;
            outcomes.insert(report.key.number, report.outcome);
        }
        assert_eq!(outcomes[&1], Err(Fault::Aborted));
        assert_eq!(outcomes[&2], Err(Fault::Aborted));
        assert_eq!(outcomes[&3], Err(Fault::Panicked("all of us".to_owned())));
        crew.offer(offer(key(4), Order::Answer(4)));
        assert_eq!(inbox.finished().await.outcome, Ok(4));
    });
}

#[test]
fn the_late_panic_of_a_replaced_generation_is_counted_and_rebuilds_nothing() {
    universe(|u| async move {
        u.expect_panics(2);
        let mut events = u.watch();
        let crew = crew(
            &u,
            CrewSpec {
                concurrency: 2,
                ..undisturbed("late")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        let Order::Wait(begin, gone) = order else {
            unreachable!("wait makes an order to wait")
        };
        crew.offer(offer(key(1), Order::WaitAndPanic(begin, gone)));
        began.await.unwrap();
        crew.offer(offer(key(2), Order::Panic("early")));
        inbox.finished().await;
        events
            .until_that(|event| event.kind == EventKind::Started && event.generation == 2)
            .await;
        go.send(()).unwrap();
        let report = inbox.finished().await;
        assert_eq!(report.outcome, Err(Fault::Panicked("late".to_owned())));
        let late = events.until(EventKind::Panicked).await;
        assert_eq!((late.generation, late.task), (1, Some(key(1))));
        crew.offer(offer(from(9, 9), Order::Answer(9)));
        let report = inbox.finished().await;
        assert_eq!(report.worker.map(|worker| worker.generation), Some(2));
        assert!(events.so_far().is_empty(), "no second rebuild");
        assert_eq!(crew.vitals().panics, 2);
        assert_eq!(crew.vitals().restarts, 1);
    });
}

#[test]
fn panics_in_the_destructors_of_a_role_are_panics_of_its_task() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(&u, CrewSpec::new("destructor"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::PanicInDrop));
        let report = inbox.finished().await;
        assert_eq!(report.outcome, Err(Fault::Panicked("in drop".to_owned())));
        crew.offer(offer(key(2), Order::Answer(2)));
        assert_eq!(inbox.finished().await.outcome, Ok(2));
    });
}

#[test]
fn a_sink_that_panics_hurts_nobody() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("sink"));
        crew.enrol(OWNER, std::sync::Arc::new(|_| panic!("in the sink")));
        crew.offer(offer(key(1), Order::Answer(1)));
        assert!(crew.drain(Duration::from_secs(1)).await);
        let mut inbox = u.inbox(&crew, OWNER);
        assert_eq!(
            crew.holdings(OWNER, Duration::from_secs(1))
                .await
                .unwrap()
                .len(),
            1
        );
        assert_eq!(inbox.finished().await.outcome, Ok(1));
    });
}
