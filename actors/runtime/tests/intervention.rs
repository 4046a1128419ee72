//! What operators ask of a crew: pause, drain, resume, restart, reset of the breaker.

use std::time::Duration;

use callboard_runtime::testing::{TestUniverse, universe};
use callboard_runtime::{
    BreakerSpec, BreakerState, CrewSpec, EventKind, HoldingState, Intervention, NodeState,
    WorkerState,
};
use tokio::time::Instant;

use crate::drill::{OWNER, Order, crew, key, offer, wait};

const SECOND: Duration = Duration::from_secs(1);
const WHY: &str = "user:ann: the provider is down";

/// How the tree shows the one crew of a universe.
fn shown(u: &TestUniverse) -> NodeState {
    u.tree().root.children[0].children[0].state
}

#[test]
fn a_drained_crew_hands_out_nothing_and_answers_when_its_hands_are_empty() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("emptied"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Take(SECOND * 5)));
        crew.offer(offer(key(2), Order::Answer(2)));
        let begun = Instant::now();
        assert!(!crew.intervene(Intervention::Drain, WHY, SECOND).await);
        let vitals = crew.vitals();
        assert_eq!(
            (vitals.in_hand, vitals.queue_depth, shown(&u)),
            (1, 1, NodeState::Draining)
        );
        crew.offer(offer(key(3), Order::Answer(3)));
        assert!(crew.intervene(Intervention::Drain, WHY, SECOND * 30).await);
        assert_eq!(begun.elapsed(), SECOND * 5);
        assert_eq!(inbox.finished().await.key, key(1));
        assert_eq!(shown(&u), NodeState::Paused);
        assert_eq!(crew.vitals().queue_depth, 2, "offers are queued still");
        assert_eq!(
            events.until(EventKind::Paused).await.cause.as_deref(),
            Some(WHY)
        );
        events.until(EventKind::Drained).await;

        assert!(crew.intervene(Intervention::Drain, WHY, SECOND).await);
        assert!(crew.intervene(Intervention::Resume, WHY, SECOND).await);
        assert_eq!(inbox.finished().await.outcome, Ok(2));
        assert_eq!(inbox.finished().await.outcome, Ok(3));
        assert_eq!(shown(&u), NodeState::Running);
    });
}

#[test]
fn a_crew_resumed_while_it_drains_is_not_drained() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("recalled"));
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        crew.offer(offer(key(1), order));
        began.await.unwrap();
        let (drained, resumed) = tokio::join!(
            crew.intervene(Intervention::Drain, WHY, SECOND * 30),
            crew.intervene(Intervention::Resume, WHY, SECOND),
        );
        assert!(!drained && resumed);
        assert_eq!(shown(&u), NodeState::Running);
        go.send(()).unwrap();
        assert_eq!(inbox.finished().await.outcome, Ok(1));
    });
}

#[test]
fn a_pause_asked_for_twice_is_one_pause_and_says_who_asked() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("twice"));
        for _ in 0..2 {
            assert!(crew.intervene(Intervention::Pause, WHY, SECOND).await);
        }
        for _ in 0..2 {
            assert!(crew.intervene(Intervention::Resume, WHY, SECOND).await);
        }
        let told: Vec<_> = events
            .so_far()
            .into_iter()
            .filter(|event| event.kind != EventKind::Started)
            .map(|event| (event.kind, event.cause))
            .collect();
        let why = Some(WHY.to_owned());
        assert_eq!(
            told,
            [(EventKind::Paused, why.clone()), (EventKind::Resumed, why)]
        );
    });
}

#[test]
fn a_restart_renews_every_worker_and_is_neither_a_failure_nor_a_death() {
    universe(|u| async move {
        let mut events = u.watch();
        let spec = CrewSpec {
            workers: 3,
            ..CrewSpec::new("renewed-whole")
        };
        let crew = crew(&u, spec);
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        crew.offer(offer(key(1), order));
        began.await.unwrap();
        for nth in 2..20 {
            assert!(crew.intervene(Intervention::Restart, WHY, SECOND).await);
            let vitals = crew.vitals();
            let generations: Vec<_> = vitals.workers.iter().map(|one| one.generation).collect();
            assert_eq!(generations, [nth; 3]);
            assert_eq!((vitals.restarts, vitals.panics), (0, 0));
            assert_eq!(vitals.breaker.state, BreakerState::Closed);
        }
        assert_eq!(u.tree().root.children[0].children[0].restarts_in_window, 0);
        assert_eq!(u.events_total(EventKind::Restarting), 0);
        assert_eq!(
            events.until(EventKind::Recycled).await.cause.as_deref(),
            Some(WHY)
        );
        let states: Vec<_> = crew.vitals().workers.iter().map(|one| one.state).collect();
        let busy = states.iter().filter(|state| **state == WorkerState::Busy);
        assert_eq!(busy.count(), 1, "what is in hand goes on: {states:?}");
        go.send(()).unwrap();
        assert_eq!(
            inbox.finished().await.outcome,
            Ok(1),
            "on the first instance"
        );
    });
}

#[test]
fn a_reset_breaker_lets_everything_pass_at_once() {
    universe(|u| async move {
        const STREAK: u64 = 5;
        const COOLDOWN: Duration = Duration::from_secs(3_600);
        let mut events = u.watch();
        let breaker = BreakerSpec {
            cooldown: COOLDOWN,
            cooldown_max: COOLDOWN,
            ..BreakerSpec::default()
        };
        let spec = CrewSpec {
            breaker,
            ..CrewSpec::new("reset")
        };
        let crew = crew(&u, spec);
        let mut inbox = u.inbox(&crew, OWNER);
        u.expect_panics(STREAK);
        for number in 0..STREAK {
            crew.offer(offer(key(number), Order::Panic("again")));
            inbox.finished().await;
        }
        events.until(EventKind::BreakerOpened).await;
        crew.offer(offer(key(100), Order::Answer(100)));
        let waiting = crew.holdings(OWNER, SECOND).await.unwrap();
        let waiting = waiting.iter().find(|held| held.key == key(100));
        assert_eq!(
            waiting.map(|held| held.state),
            Some(HoldingState::Queued),
            "the breaker holds it back"
        );
        let opened = Instant::now();
        assert!(
            crew.intervene(Intervention::ResetBreaker, WHY, SECOND)
                .await
        );
        assert_eq!(crew.vitals().breaker.state, BreakerState::Closed);
        events.until(EventKind::BreakerClosed).await;
        while inbox.finished().await.outcome != Ok(100) {}
        // Its worker waits after the panics.
        assert!(opened.elapsed() < COOLDOWN / 10);
    });
}
