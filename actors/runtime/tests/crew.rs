//! Tasks through a crew: hand-out, results, refusals, withdrawal, time.

use std::time::Duration;

use callboard_runtime::testing::{Inbox, universe};
use callboard_runtime::{
    CrewSpec, EventKind, Fault, Holding, HoldingState, Notice, Offer, OwnerId, Refusal, TaskKey,
    WorkerId, WorkerState,
};
use tokio::time::Instant;

use crate::drill::{OWNER, Order, crew, key, offer, wait};

const SECOND: Duration = Duration::from_secs(1);

#[test]
fn a_task_is_started_and_its_result_held_until_it_is_acknowledged() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("plain"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Answer(42)));
        let worker = WorkerId {
            index: 0,
            generation: 1,
        };
        assert!(matches!(
            inbox.next().await,
            Notice::Started { key: started, worker: by } if started == key(1) && by == worker
        ));
        let report = inbox.finished().await;
        assert_eq!((report.key, report.worker), (key(1), Some(worker)));
        assert_eq!(report.outcome, Ok(42));

        let held = [Holding {
            key: key(1),
            state: HoldingState::Held,
        }];
        assert_eq!(crew.holdings(OWNER, SECOND).await.unwrap(), held);
        assert_eq!(inbox.finished().await.outcome, Ok(42), "sent again");
        crew.acknowledge(key(1));
        assert_eq!(crew.holdings(OWNER, SECOND).await.unwrap(), []);
        assert!(inbox.so_far().is_empty());
    });
}

#[test]
fn a_key_that_is_queued_in_hand_or_held_is_not_taken_again() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("idempotent"));
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        crew.offer(offer(key(1), order));
        crew.offer(offer(key(2), Order::Answer(2)));
        began.await.unwrap();
        crew.offer(offer(key(1), Order::Answer(10)));
        crew.offer(offer(key(2), Order::Answer(20)));
        go.send(()).unwrap();
        assert_eq!(inbox.finished().await.outcome, Ok(1));
        crew.offer(offer(key(1), Order::Answer(100)));
        assert_eq!(inbox.finished().await.outcome, Ok(2));
        assert!(crew.drain(SECOND).await);
        assert!(inbox.so_far().is_empty());

        crew.acknowledge(key(1));
        crew.resume();
        crew.offer(offer(key(1), Order::Answer(1000)));
        assert_eq!(
            inbox.finished().await.outcome,
            Ok(1000),
            "forgotten, so new"
        );
    });
}

#[test]
fn a_worker_has_one_task_in_hand_and_as_many_as_its_concurrency_allows() {
    universe(|u| async move {
        for (concurrency, role) in [(1, "one"), (3, "three")] {
            let crew = crew(
                &u,
                CrewSpec {
                    workers: 2,
                    concurrency,
                    ..CrewSpec::new(role)
                },
            );
            let mut inbox = u.inbox(&crew, OWNER);
            for number in 0..20 {
                crew.offer(offer(key(number), Order::Forever));
            }
            let holdings = crew.holdings(OWNER, SECOND).await.unwrap();
            let mut in_hand = [0, 0];
            for holding in &holdings {
                if let HoldingState::InHand(worker) = holding.state {
                    in_hand[worker.index as usize] += 1;
                }
            }
            assert_eq!(in_hand, [concurrency, concurrency]);
            let vitals = crew.vitals();
            assert_eq!(vitals.in_hand, 2 * concurrency as usize);
            assert_eq!(vitals.queue_depth, 20 - 2 * concurrency as usize);
            assert!(
                vitals
                    .workers
                    .iter()
                    .all(|worker| worker.state == WorkerState::Busy)
            );
            assert_eq!(inbox.so_far().len(), 2 * concurrency as usize, "started");
        }
    });
}

#[test]
fn a_report_says_how_long_its_task_waited_in_the_queue() {
    universe(|u| async move {
        let spec = CrewSpec {
            workers: 1,
            ..CrewSpec::new("waited")
        };
        let crew = crew(&u, spec);
        let mut inbox = u.inbox(&crew, OWNER);
        for number in 0..3 {
            crew.offer(offer(key(number), Order::Take(2 * SECOND)));
        }
        for number in 0..3 {
            let report = inbox.finished().await;
            let waited = 2 * SECOND * number;
            assert_eq!((report.waited, report.elapsed), (waited, 2 * SECOND));
            crew.acknowledge(report.key);
        }
    });
}

#[test]
fn a_full_queue_and_a_full_share_answer_busy_and_call_when_there_is_room() {
    universe(|u| async move {
        let crew = crew(
            &u,
            CrewSpec {
                queue_max: 8,
                share_max: 4,
                ..CrewSpec::new("bounded")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let mut other = u.inbox(&crew, OwnerId(2));
        crew.pause();
        for number in 0..5 {
            crew.offer(offer(key(number), Order::Answer(number)));
        }
        assert_eq!(refusal(&mut inbox).await, (key(4), Refusal::Busy));
        for number in 10..15 {
            crew.offer(Offer {
                share: number.into(),
                owner: OwnerId(2),
                ..offer(key(number), Order::Answer(number))
            });
        }
        assert_eq!(refusal(&mut other).await, (key(14), Refusal::Busy));
        crew.resume();
        let mut calls = [0, 0];
        while calls != [1, 1] {
            tokio::select! {
                notice = inbox.next() => calls[0] += usize::from(matches!(notice, Notice::Room)),
                notice = other.next() => calls[1] += usize::from(matches!(notice, Notice::Room)),
            }
        }
        crew.offer(offer(key(4), Order::Answer(4)));
        while inbox.finished().await.key != key(4) {}
    });
}

async fn refusal(inbox: &mut Inbox<u64>) -> (TaskKey, Refusal) {
    loop {
        if let Notice::Refused { key, refusal } = inbox.next().await {
            return (key, refusal);
        }
    }
}

#[test]
fn a_withdrawn_task_ends_as_aborted_whether_queued_or_in_hand_and_a_held_result_is_sent_again() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("withdraw"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Answer(7)));
        assert_eq!(inbox.finished().await.outcome, Ok(7));
        let (order, began, _go) = wait();
        crew.offer(offer(key(2), order));
        crew.offer(offer(key(3), Order::Answer(3)));
        began.await.unwrap();

        crew.withdraw(key(3));
        let report = inbox.finished().await;
        assert_eq!((report.key, report.worker), (key(3), None));
        assert_eq!(report.outcome, Err(Fault::Aborted));
        crew.withdraw(key(2));
        let report = inbox.finished().await;
        assert_eq!((report.key, report.outcome), (key(2), Err(Fault::Aborted)));
        crew.withdraw(key(1));
        assert_eq!(inbox.finished().await.outcome, Ok(7));

        crew.offer(offer(key(4), Order::Answer(4)));
        assert_eq!(inbox.finished().await.outcome, Ok(4), "the slot came back");
    });
}

#[test]
fn a_task_that_is_withdrawn_before_its_first_step_keeps_no_worker_from_stopping() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("at-once"));
        let mut inbox = u.inbox(&crew, OWNER);
        // Nothing runs in between: the worker meets both orders before it begins.
        crew.offer(offer(key(1), Order::Forever));
        crew.withdraw(key(1));
        let report = inbox.finished().await;
        assert!(report.worker.is_some(), "it was handed out");
        assert_eq!(report.outcome, Err(Fault::Aborted));
        let begun = Instant::now();
        u.shutdown().await;
        assert_eq!(begun.elapsed(), Duration::ZERO);
    });
}

#[test]
fn a_task_past_its_deadline_times_out_and_its_slot_comes_back() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("slow"));
        let mut inbox = u.inbox(&crew, OWNER);
        let begun = Instant::now();
        crew.offer(Offer {
            timeout: Duration::from_millis(250),
            ..offer(key(1), Order::Forever)
        });
        crew.offer(offer(key(2), Order::Answer(2)));
        let report = inbox.finished().await;
        assert_eq!(report.outcome, Err(Fault::Timeout));
        assert_eq!(begun.elapsed(), Duration::from_millis(250));
        assert_eq!(inbox.finished().await.outcome, Ok(2));
        let event = events.until(EventKind::TimedOut).await;
        assert_eq!((event.task, event.worker), (Some(key(1)), Some(0)));
        assert_eq!(crew.vitals().timeouts, 1);
    });
}

#[test]
fn an_endless_timeout_is_no_timeout() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("endless"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(Offer {
            timeout: Duration::MAX,
            ..offer(key(1), Order::Take(Duration::from_secs(500)))
        });
        assert_eq!(inbox.finished().await.outcome, Ok(0));
    });
}

#[test]
fn a_task_without_a_sign_of_life_is_stalled_and_its_worker_gets_a_new_instance() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(
            &u,
            CrewSpec {
                heartbeat: Some(SECOND),
                ..CrewSpec::new("silent")
            },
        );
        let mut inbox = u.inbox(&crew, OWNER);
        let begun = Instant::now();
        crew.offer(offer(key(1), Order::Forever));
        assert_eq!(inbox.finished().await.outcome, Err(Fault::Stalled));
        assert_eq!(begun.elapsed(), SECOND);
        assert_eq!(events.until(EventKind::Stalled).await.task, Some(key(1)));
        assert_eq!(events.until(EventKind::Recycled).await.generation, 2);

        let beats = (1..=5)
            .map(|done| (Duration::from_millis(900), done, 5))
            .collect();
        crew.offer(offer(key(2), Order::Progress(beats)));
        let report = inbox.finished().await;
        assert_eq!(report.outcome, Ok(5), "signs of life keep it going");
        assert_eq!(report.worker.map(|worker| worker.generation), Some(2));
    });
}

#[test]
fn progress_is_passed_on_ten_times_a_second_at_most_and_the_last_always() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("progress"));
        let mut inbox = u.inbox(&crew, OWNER);
        let steps = (1..=95)
            .map(|done| (Duration::from_millis(10), done, 100))
            .collect();
        crew.offer(offer(key(1), Order::Progress(steps)));
        let mut shown = Vec::new();
        loop {
            match inbox.next().await {
                Notice::Progress { done, total, .. } => {
                    assert_eq!(total, 100);
                    shown.push(done);
                }
                Notice::Finished(report) => {
                    assert_eq!(report.outcome, Ok(95));
                    break;
                }
                Notice::Started { .. } | Notice::Refused { .. } | Notice::Room => {}
            }
        }
        assert!(shown.is_sorted());
        assert_eq!(shown.last(), Some(&95));
        assert!((9..=11).contains(&shown.len()), "{shown:?}");
    });
}

#[test]
fn progress_held_back_is_shown_even_if_the_task_then_falls_silent() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("held-back"));
        let mut inbox = u.inbox(&crew, OWNER);
        let step = Duration::from_millis(10);
        let steps = vec![(step, 1, 3), (step, 2, 3), (Duration::from_secs(50), 3, 3)];
        let begun = Instant::now();
        crew.offer(offer(key(1), Order::Progress(steps)));
        while !matches!(inbox.next().await, Notice::Progress { done: 2, .. }) {}
        assert_eq!(begun.elapsed(), Duration::from_millis(110));
    });
}

#[test]
fn a_paused_crew_queues_and_a_resumed_one_goes_on() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("paused"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.pause();
        crew.offer(offer(key(1), Order::Answer(1)));
        let holdings = crew.holdings(OWNER, SECOND).await.unwrap();
        assert_eq!(holdings[0].state, HoldingState::Queued);
        assert!(crew.vitals().paused);
        crew.resume();
        assert_eq!(inbox.finished().await.outcome, Ok(1));
        events.until(EventKind::Paused).await;
        events.until(EventKind::Resumed).await;
    });
}

#[test]
fn a_draining_crew_refuses_offers_and_is_drained_when_its_hands_are_empty() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("drained"));
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(1), Order::Take(Duration::from_secs(10))));
        crew.offer(offer(key(2), Order::Take(Duration::from_secs(10))));
        assert!(!crew.drain(SECOND).await);
        crew.offer(offer(key(3), Order::Answer(3)));
        assert_eq!(refusal(&mut inbox).await, (key(3), Refusal::Draining));
        assert!(crew.drain(Duration::from_secs(30)).await);
        assert_eq!(crew.vitals().held, 2);
        crew.resume();
        while !matches!(inbox.next().await, Notice::Room) {}
        crew.offer(offer(key(3), Order::Answer(3)));
        while inbox.finished().await.outcome != Ok(3) {}
    });
}

#[test]
fn a_restarted_crew_has_new_instances_while_tasks_in_hand_end_on_the_old_ones() {
    universe(|u| async move {
        let mut events = u.watch();
        let crew = crew(&u, CrewSpec::new("renewed"));
        let mut inbox = u.inbox(&crew, OWNER);
        let (order, began, go) = wait();
        crew.offer(offer(key(1), order));
        began.await.unwrap();
        crew.restart();
        assert_eq!(events.until(EventKind::Recycled).await.generation, 2);
        go.send(()).unwrap();
        assert_eq!(inbox.finished().await.outcome, Ok(1), "its generation");
        let (order, _began, go) = wait();
        go.send(()).unwrap();
        crew.offer(offer(key(2), order));
        assert_eq!(inbox.finished().await.outcome, Ok(2), "its generation");
    });
}

#[test]
fn a_shutdown_lets_tasks_in_hand_end_within_their_time_and_drops_the_rest() {
    universe(|u| async move {
        let quick = crew(&u, CrewSpec::new("quick"));
        let stuck = crew(&u, CrewSpec::new("stuck"));
        let (mut quick_inbox, mut stuck_inbox) = (u.inbox(&quick, OWNER), u.inbox(&stuck, OWNER));
        quick.offer(offer(key(1), Order::Take(SECOND)));
        stuck.offer(offer(key(1), Order::Forever));
        stuck.offer(offer(key(2), Order::Answer(2)));
        let begun = Instant::now();
        while !matches!(stuck_inbox.next().await, Notice::Started { .. }) {}
        u.shutdown().await;
        assert_eq!(quick_inbox.finished().await.outcome, Ok(0));
        assert_eq!(stuck_inbox.finished().await.outcome, Err(Fault::WorkerLost));
        assert!(stuck_inbox.so_far().is_empty(), "what waited was not begun");
        assert!(begun.elapsed() < Duration::from_secs(10));
    });
}

#[test]
fn an_owner_that_enrols_late_hears_of_results_when_it_asks_what_is_held() {
    universe(|u| async move {
        let crew = crew(&u, CrewSpec::new("late"));
        crew.offer(offer(key(1), Order::Answer(1)));
        assert!(crew.drain(SECOND).await);
        let mut inbox = u.inbox(&crew, OWNER);
        let holdings = crew.holdings(OWNER, SECOND).await.unwrap();
        assert_eq!(holdings.len(), 1);
        assert_eq!(inbox.finished().await.outcome, Ok(1));
    });
}
