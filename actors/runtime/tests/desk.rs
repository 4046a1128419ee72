//! The death of a crew's desk: what it holds survives, the letter it died on is taken up again, poison is given up.

use std::time::Duration;

use callboard_runtime::testing::universe;
use callboard_runtime::{CrewSpec, EventKind, Fault, HoldingState, OwnerId};
use fail::FailGuard;

use crate::drill::{OWNER, Order, crew, key, offer, wait};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn what_is_queued_in_hand_and_held_survives_the_death_of_the_desk() {
    universe(|u| async move {
        u.expect_panics(1);
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("survivor"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Answer(1)));
        inbox.finished().await;
        let (order, began, go) = wait();
        crew.offer(offer(key(2), order));
        began.await.unwrap();
        crew.offer(offer(key(3), Order::Answer(3)));
        crew.offer(offer(key(4), Order::Answer(4)));
        assert_eq!(crew.holdings(OWNER, SECOND).await.unwrap().len(), 4);
        inbox.finished().await;

        let _kill = FailGuard::new("crew::handle::survivor", "1*panic(killed)").unwrap();
        crew.offer(offer(key(5), Order::Answer(5)));
        events.until(EventKind::Panicked).await;
        let mut holdings = crew.holdings(OWNER, SECOND).await.unwrap();
        holdings.sort_by_key(|holding| holding.key);
        let states: Vec<_> = holdings.iter().map(|holding| holding.state).collect();
        assert!(matches!(
            states[..],
            [
                HoldingState::Held,
                HoldingState::InHand(_),
                HoldingState::Queued,
                HoldingState::Queued,
                HoldingState::Queued,
            ]
        ));
        assert_eq!(
            inbox.finished().await.key,
            key(1),
            "sent again with the holdings"
        );
        go.send(()).unwrap();
        let mut order = Vec::new();
        for _ in 0..4 {
            order.push(inbox.finished().await.key.number);
        }
        assert_eq!(order, [2, 3, 4, 5], "in the order they had");
    });
}

#[test]
fn an_offer_that_kills_the_desk_every_time_is_answered_and_the_rest_goes_on() {
    universe(|u| async move {
        u.expect_panics(2);
        let crew = crew(&u, CrewSpec::new("poison"));
        let mut inbox = u.inbox(&crew, OWNER);
        assert_eq!(crew.holdings(OWNER, SECOND).await.unwrap(), []);
        let _kill = FailGuard::new("crew::handle::poison", "2*panic(killed)").unwrap();
        crew.offer(offer(key(1), Order::Answer(1)));
        crew.offer(offer(key(2), Order::Answer(2)));
        let report = inbox.finished().await;
        assert_eq!(
            (report.key, report.outcome),
            (key(1), Err(Fault::WorkerLost))
        );
        assert_eq!(inbox.finished().await.outcome, Ok(2));
    });
}

#[test]
fn a_result_that_arrives_while_the_desk_dies_is_not_lost() {
    universe(|u| async move {
        u.expect_panics(2);
        let crew = crew(&u, CrewSpec::new("result"));
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        crew.offer(offer(key(1), order));
        began.await.unwrap();
        let _kill = FailGuard::new("crew::handle::result", "2*panic(killed)").unwrap();
        go.send(()).unwrap();
        assert_eq!(inbox.finished().await.outcome, Ok(1));
    });
}

#[test]
fn the_deadline_of_a_task_in_hand_outlives_the_desk() {
    universe(|u| async move {
        u.expect_panics(1);
        let crew = crew(&u, CrewSpec::new("deadline"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Forever));
        assert_eq!(crew.holdings(OWNER, SECOND).await.unwrap().len(), 1);
        let _kill = FailGuard::new("crew::handle::deadline", "1*panic(killed)").unwrap();
        crew.acknowledge(key(77));
        assert_eq!(inbox.finished().await.outcome, Err(Fault::Timeout));
    });
}

#[test]
fn owners_do_not_hear_of_each_others_tasks() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("owners"));
        let mut inbox = u.inbox(&crew, OWNER);
        let mut other = u.inbox(&crew, OwnerId(2));
        crew.offer(offer(key(1), Order::Answer(1)));
        assert_eq!(inbox.finished().await.key, key(1));
        assert_eq!(crew.holdings(OwnerId(2), SECOND).await.unwrap(), []);
        assert!(other.so_far().is_empty());
    });
}
