//! The breaker of a crew: what it opens on, what waits or is refused, and how it closes whatever dies meanwhile.

use std::time::Duration;

use callboard_runtime::testing::{EventWatch, Inbox, TestUniverse, universe};
use callboard_runtime::{
    BreakerState, Condition, CrewSpec, EventKind, Fault, Notice, OnOpen, Refusal,
};
use fail::FailGuard;
use tokio::time::Instant;

use crate::drill::{DrillCrew, FAILURE, OWNER, Order, crew, key, offer, wait};

const STREAK: u64 = 5;

/// Panics until the breaker is open; ends with the event.
async fn open(u: &TestUniverse, crew: &DrillCrew, inbox: &mut Inbox<u64>, events: &mut EventWatch) {
    u.expect_panics(STREAK);
    for number in 0..STREAK {
        crew.offer(offer(key(number), Order::Panic("again")));
    }
    for _ in 0..STREAK {
        let report = inbox.finished().await;
        crew.acknowledge(report.key);
    }
    events.until(EventKind::BreakerOpened).await;
}

async fn closed_again(crew: &DrillCrew, inbox: &mut Inbox<u64>, events: &mut EventWatch) {
    crew.offer(offer(key(1000), Order::Answer(1000)));
    while inbox.finished().await.outcome != Ok(1000) {}
    events.until(EventKind::BreakerClosed).await;
    assert_eq!(crew.vitals().breaker.state, BreakerState::Closed);
}

#[test]
fn panics_of_several_sources_open_it_for_its_cooldown_and_one_good_task_closes_it() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("opens"));
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        let opened = Instant::now();
        let vitals = crew.vitals();
        assert_eq!(vitals.breaker.state, BreakerState::Open);
        assert_eq!(vitals.breaker.retry_after_ms, 1000);
        assert_eq!(vitals.breaker_openings, 1);
        let reason = "breaker of opens is open".to_owned();
        assert_eq!(u.condition(), Condition::Degraded(vec![reason]));
        assert!(u.is_ready(), "an open breaker is no reason to stop serving");

        events.until(EventKind::BreakerHalfOpen).await;
        assert_eq!(opened.elapsed(), Duration::from_secs(1));
        closed_again(&crew, &mut inbox, &mut events).await;
        assert_eq!(u.condition(), Condition::Sound);
    });
}

#[test]
fn answers_that_the_work_calls_failures_open_it_and_reach_their_owner() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("failing"));
        let mut inbox = u.inbox(&crew, OWNER);
        for number in 0..STREAK {
            assert_eq!(crew.vitals().breaker.state, BreakerState::Closed);
            crew.offer(offer(key(number), Order::Answer(FAILURE)));
            let report = inbox.finished().await;
            assert_eq!(report.outcome, Ok(FAILURE));
            crew.acknowledge(report.key);
        }
        events.until(EventKind::BreakerOpened).await;
        events.until(EventKind::BreakerHalfOpen).await;
        closed_again(&crew, &mut inbox, &mut events).await;
    });
}

#[test]
fn half_open_exactly_one_of_a_hundred_waiting_tasks_is_handed_out() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(
            &u,
            CrewSpec {
                workers: 8,
                ..CrewSpec::new("one-probe")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        let mut gates = Vec::new();
        for number in 100..200 {
            let (order, began, go) = wait();
            crew.offer(offer(key(number), order));
            gates.push((began, go));
        }
        events.until(EventKind::BreakerHalfOpen).await;
        let mut gates = gates.into_iter();
        let (began, go) = gates.next().unwrap();
        began.await.unwrap();
        let vitals = crew.vitals();
        assert_eq!((vitals.in_hand, vitals.queue_depth), (1, 99));
        go.send(()).unwrap();
        events.until(EventKind::BreakerClosed).await;
        for (began, go) in gates {
            began.await.unwrap();
            go.send(()).unwrap();
        }
    });
}

#[test]
fn a_probe_that_is_withdrawn_gives_its_right_to_the_next_task() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("lost-probe"));
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        let (order, began, _go) = wait();
        crew.offer(offer(key(100), order));
        began.await.unwrap();
        crew.withdraw(key(100));
        assert_eq!(inbox.finished().await.outcome, Err(Fault::Aborted));
        closed_again(&crew, &mut inbox, &mut events).await;
    });
}

#[test]
fn a_failed_probe_reopens_it_for_twice_as_long() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("doubles"));
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        u.expect_panics(1);
        crew.offer(offer(key(100), Order::Panic("still")));
        let reopened = events.until(EventKind::BreakerOpened).await;
        assert_eq!(reopened.delay_ms, Some(2000));
        let since = Instant::now();
        events.until(EventKind::BreakerHalfOpen).await;
        assert_eq!(since.elapsed(), Duration::from_secs(2));
        closed_again(&crew, &mut inbox, &mut events).await;
        assert_eq!(crew.vitals().breaker_openings, 2);
    });
}

#[test]
fn a_role_that_fails_fast_refuses_what_waits_and_what_comes_while_it_is_open() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(
            &u,
            CrewSpec {
                on_open: OnOpen::FailFast,
                ..CrewSpec::new("fail-fast")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        u.expect_panics(STREAK);
        for number in 0..STREAK + 3 {
            crew.offer(offer(key(number), Order::Panic("again")));
        }
        events.until(EventKind::BreakerOpened).await;
        crew.offer(offer(key(100), Order::Answer(100)));
        let mut refused = Vec::new();
        while refused.len() < 4 {
            if let Notice::Refused { key, refusal } = inbox.next().await {
                assert!(matches!(refusal, Refusal::BreakerOpen { .. }), "{refusal}");
                refused.push(key.number);
            }
        }
        assert_eq!(refused, [5, 6, 7, 100]);
        events.until(EventKind::BreakerHalfOpen).await;
        closed_again(&crew, &mut inbox, &mut events).await;
    });
}

#[test]
fn an_operator_may_close_it_at_once() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("reset"));
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        let since = Instant::now();
        crew.offer(offer(key(100), Order::Answer(100)));
        crew.reset_breaker();
        events.until(EventKind::BreakerClosed).await;
        assert_eq!(since.elapsed(), Duration::ZERO);
        // The worker may still wait out its own backoff.
        assert_eq!(inbox.finished().await.outcome, Ok(100));
    });
}

/// Lets the next message of a kind kill the desk or the shell of `role`.
fn kill_once(place: &str, role: &str) -> FailGuard {
    FailGuard::new(format!("{place}::{role}"), "1*panic(killed)").unwrap()
}

#[test]
fn a_shell_that_dies_while_the_breaker_is_closed_costs_its_task_only() {
    universe(|u| async move {
        u.expect_panics(1);
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("dies-closed"));
        let mut inbox = u.inbox(&crew, OWNER);
        let _kill = kill_once("shell::perform", "dies-closed");
        crew.offer(offer(key(1), Order::Answer(1)));
        crew.offer(offer(key(2), Order::Answer(2)));
        assert_eq!(inbox.finished().await.outcome, Err(Fault::WorkerLost));
        assert_eq!(inbox.finished().await.outcome, Ok(2));
        let death = events.until(EventKind::Panicked).await;
        assert_eq!((death.worker, death.task), (Some(0), None));
    });
}

#[test]
fn a_shell_that_dies_during_its_backoff_gets_back_to_work() {
    universe(|u| async move {
        u.expect_panics(3);
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("dies-backoff"));
        let mut inbox = u.inbox(&crew, OWNER);
        for number in 0..2 {
            crew.offer(offer(key(number), Order::Panic("again")));
            inbox.finished().await;
        }
        events
            .until_that(|event| event.delay_ms.is_some_and(|delay| delay > 0))
            .await;
        // A recycle builds the instance in the middle of the backoff, and that kills the shell.
        let _kill = kill_once("shell::build", "dies-backoff");
        crew.restart();
        let death = events.until(EventKind::Panicked).await;
        assert_eq!((death.worker, death.task), (Some(0), None));
        crew.offer(offer(key(9), Order::Answer(9)));
        assert_eq!(inbox.finished().await.outcome, Ok(9));
    });
}

#[test]
fn a_shell_and_a_desk_that_die_while_the_breaker_is_open_do_not_keep_it_open() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("dies-open"));
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        u.expect_panics(2);
        let _shell = kill_once("shell::build", "dies-open");
        crew.restart();
        events.until(EventKind::Panicked).await;
        let _desk = kill_once("crew::handle", "dies-open");
        crew.offer(offer(key(500), Order::Answer(500)));
        let death = events.until(EventKind::Panicked).await;
        assert_eq!((death.worker, death.task), (None, None));
        assert_eq!(crew.vitals().breaker.state, BreakerState::Open);
        events.until(EventKind::BreakerHalfOpen).await;
        assert_eq!(inbox.finished().await.outcome, Ok(500));
        events.until(EventKind::BreakerClosed).await;
    });
}

#[test]
fn a_shell_that_dies_with_the_probe_of_a_half_open_breaker_gives_the_right_back() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("dies-half-open"));
        let mut inbox = u.inbox(&crew, OWNER);
        open(&u, &crew, &mut inbox, &mut events).await;
        events.until(EventKind::BreakerHalfOpen).await;
        u.expect_panics(1);
        let _kill = kill_once("shell::perform", "dies-half-open");
        crew.offer(offer(key(100), Order::Answer(100)));
        assert_eq!(inbox.finished().await.outcome, Err(Fault::WorkerLost));
        assert_eq!(crew.vitals().breaker.state, BreakerState::HalfOpen);
        closed_again(&crew, &mut inbox, &mut events).await;
    });
}
