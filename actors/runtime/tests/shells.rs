//! Deaths of workers' shells: what they had in hand comes back as lost, and the crew goes on.

use callboard_runtime::testing::universe;
use callboard_runtime::{CrewSpec, EventKind, Fault, WorkerState};
use fail::FailGuard;

use crate::drill::{OWNER, Order, crew, key, offer, wait};

#[test]
fn everything_in_the_hands_of_a_shell_that_dies_is_lost_and_its_slots_come_back() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(
            &u,
            CrewSpec {
                concurrency: 3,
                ..CrewSpec::new("mortal")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let mut gates = Vec::new();
        for number in 1..=2 {
            let (order, began, go) = wait();
            crew.offer(offer(key(number), order));
            began.await.unwrap();
            gates.push(go);
        }
        let _kill = FailGuard::new("shell::perform::mortal", "1*panic(killed)").unwrap();
        crew.offer(offer(key(3), Order::Answer(3)));
        let mut lost = Vec::new();
        for _ in 0..3 {
            let report = inbox.finished().await;
            assert_eq!(report.outcome, Err(Fault::WorkerLost));
            lost.push(report.key.number);
        }
        lost.sort_unstable();
        assert_eq!(lost, [1, 2, 3]);
        for number in 11..=13 {
            let (order, began, go) = wait();
            crew.offer(offer(key(number), order));
            began.await.unwrap();
            gates.push(go);
        }
        assert_eq!(crew.vitals().in_hand, 3, "all three slots at once");
    });
}

#[test]
fn the_death_of_one_shell_does_not_touch_the_tasks_of_another() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(
            &u,
            CrewSpec {
                workers: 2,
                ..CrewSpec::new("neighbours")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        crew.offer(offer(key(1), order));
        began.await.unwrap();
        let _kill = FailGuard::new("shell::perform::neighbours", "1*panic(killed)").unwrap();
        crew.offer(offer(key(2), Order::Answer(2)));
        assert_eq!(inbox.finished().await.outcome, Err(Fault::WorkerLost));
        go.send(()).unwrap();
        assert_eq!(inbox.finished().await.key, key(1));
    });
}

#[test]
fn a_dead_worker_gets_nothing_to_do_until_it_is_rebuilt() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("unready"));
        let mut inbox = u.inbox(&crew, OWNER);
        events.until_that(|event| event.worker == Some(0)).await;
        u.expect_panics(2);
        let _kill = FailGuard::new("shell::build::unready", "2*panic(killed)").unwrap();
        crew.restart();
        events
            .until_that(|event| event.delay_ms.is_some_and(|delay| delay > 0))
            .await;
        crew.offer(offer(key(1), Order::Answer(1)));
        crew.holdings(OWNER, std::time::Duration::from_secs(1))
            .await
            .unwrap();
        let vitals = crew.vitals();
        assert_eq!((vitals.queue_depth, vitals.in_hand), (1, 0));
        assert_eq!(vitals.workers[0].state, WorkerState::Dead);
        assert_eq!(inbox.finished().await.outcome, Ok(1));
        assert_eq!(u.events_total(EventKind::Escalated), 0);
    });
}
