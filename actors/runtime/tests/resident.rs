//! Long-lived actors: what survives a death, what does not, and what callers see meanwhile.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use callboard_runtime::testing::{TestUniverse, universe};
use callboard_runtime::{
    AskError, ChildSpec, Closed, EventKind, Handle, Resident, ResidentContext, Restart,
    SupervisorSpec, Timer,
};
use fail::FailGuard;
use tokio::sync::{mpsc, oneshot};
use tokio::time::Instant;

const SECOND: Duration = Duration::from_secs(1);

enum Message {
    /// Adds to the instance's memory and tells what it remembers, and for which incarnation.
    Remember(u64, oneshot::Sender<(u64, Vec<u64>)>),
    Panic,
    Stop,
    After(Duration, u64),
    CancelAfter(Duration, u64),
    Due(u64),
    Spawn(oneshot::Receiver<()>, oneshot::Sender<()>),
    SpawnPanic,
    Forget(oneshot::Sender<()>),
    Keep(oneshot::Sender<()>),
}

struct Clerk {
    memory: Vec<u64>,
    due: mpsc::UnboundedSender<(u64, u64)>,
    kept: Vec<oneshot::Sender<()>>,
    timers: HashMap<u64, Timer>,
}

impl Resident for Clerk {
    type Message = Message;

    fn handle(&mut self, message: Message, ctx: &mut ResidentContext<Self>) {
        match message {
            Message::Remember(what, reply) => {
                self.memory.push(what);
                let _ = reply.send((ctx.incarnation(), self.memory.clone()));
            }
            Message::Panic => panic!("asked to"),
            Message::Stop => ctx.stop(),
            Message::After(delay, number) => {
                let timer = ctx.after(delay, Message::Due(number));
                self.timers.insert(number, timer);
            }
            Message::CancelAfter(delay, number) => {
                assert!(ctx.after(delay, Message::Due(number)).cancel());
            }
            Message::Due(number) => {
                let _ = self.due.send((ctx.incarnation(), number));
            }
            Message::Spawn(go, done) => ctx.spawn(async move {
                let _ = go.await;
                let _ = done.send(());
            }),
            Message::SpawnPanic => ctx.spawn(async { panic!("in a task") }),
            Message::Forget(reply) => drop(reply),
            Message::Keep(reply) => self.kept.push(reply),
        }
    }
}

type Due = mpsc::UnboundedReceiver<(u64, u64)>;

fn clerk(u: &TestUniverse, spec: ChildSpec) -> (Handle<Message>, Due) {
    let (due, dues) = mpsc::unbounded_channel();
    let group = u.supervisor(SupervisorSpec::new("clerks"));
    let handle = group.resident(spec, move || Clerk {
        memory: Vec::new(),
        due: due.clone(),
        kept: Vec::new(),
        timers: HashMap::new(),
    });
    (handle, dues)
}

async fn remember(clerk: &Handle<Message>, what: u64) -> (u64, Vec<u64>) {
    clerk
        .ask(SECOND, |reply| Message::Remember(what, reply))
        .await
        .unwrap()
}

#[test]
fn messages_of_one_sender_are_handled_in_order() {
    universe(|u| async move {
        let (clerk, _due) = clerk(&u, ChildSpec::new("order"));
        for number in 0..100 {
            let (reply, _) = oneshot::channel();
            clerk.tell(Message::Remember(number, reply)).unwrap();
        }
        let expected: Vec<u64> = (0..=100).collect();
        assert_eq!(remember(&clerk, 100).await, (1, expected));
    });
}

#[test]
fn after_a_panic_a_new_instance_answers_everything_queued_behind_the_same_handle() {
    universe(|u| async move {
        u.expect_panics(1);
        let mut events = u.watch();
        let (clerk, _due) = clerk(&u, ChildSpec::new("queue"));
        remember(&clerk, 1).await;
        clerk.tell(Message::Panic).unwrap();
        let mut answers = Vec::new();
        for number in 0..10 {
            let (reply, answer) = oneshot::channel();
            clerk.tell(Message::Remember(number, reply)).unwrap();
            answers.push(answer);
        }
        for (number, answer) in (0_u64..).zip(answers) {
            let memory: Vec<u64> = (0..=number).collect();
            assert_eq!(
                answer.await.unwrap(),
                (2, memory),
                "fresh memory, nothing lost"
            );
        }
        let kinds = [
            (EventKind::Started, 1),
            (EventKind::Panicked, 1),
            (EventKind::Restarting, 1),
            (EventKind::Started, 2),
        ];
        for (kind, generation) in kinds {
            let event = events.next().await;
            assert_eq!((event.kind, event.generation), (kind, generation));
            assert_eq!(event.node, "root/clerks/queue");
        }
    });
}

#[test]
fn queued_messages_survive_the_backoff_too() {
    universe(|u| async move {
        u.expect_panics(3);
        let (clerk, _due) = clerk(&u, ChildSpec::new("backoff"));
        let begun = Instant::now();
        for _ in 0..3 {
            clerk.tell(Message::Panic).unwrap();
        }
        assert_eq!(remember(&clerk, 1).await, (4, vec![1]));
        assert!(
            begun.elapsed() >= Duration::from_millis(150),
            "two waits of at least half"
        );
    });
}

#[test]
fn a_timer_fires_in_its_instance_only() {
    universe(|u| async move {
        u.expect_panics(1);
        let (clerk, mut due) = clerk(&u, ChildSpec::new("timers"));
        let begun = Instant::now();
        clerk.tell(Message::After(3 * SECOND, 3)).unwrap();
        clerk.tell(Message::After(SECOND, 1)).unwrap();
        clerk.tell(Message::CancelAfter(2 * SECOND, 2)).unwrap();
        assert_eq!(due.recv().await, Some((1, 1)));
        assert_eq!(begun.elapsed(), SECOND);
        assert_eq!(due.recv().await, Some((1, 3)), "the second was cancelled");

        clerk.tell(Message::After(SECOND, 4)).unwrap();
        clerk.tell(Message::Panic).unwrap();
        clerk.tell(Message::After(2 * SECOND, 5)).unwrap();
        assert_eq!(
            due.recv().await,
            Some((2, 5)),
            "the fourth died with its instance"
        );
    });
}

#[test]
fn a_spawned_task_survives_the_instance_and_its_panic_is_a_death_of_the_resident() {
    universe(|u| async move {
        u.expect_panics(2);
        let mut events = u.watch();
        let (clerk, _due) = clerk(&u, ChildSpec::new("tasks"));
        let ((go, gone), (done, ended)) = (oneshot::channel(), oneshot::channel());
        clerk.tell(Message::Spawn(gone, done)).unwrap();
        clerk.tell(Message::Panic).unwrap();
        assert_eq!(remember(&clerk, 1).await.0, 2);
        go.send(()).unwrap();
        ended.await.unwrap();

        clerk.tell(Message::SpawnPanic).unwrap();
        let died = |event: &callboard_runtime::SupervisionEvent| {
            event.kind == EventKind::Panicked && event.cause.as_deref() == Some("in a task")
        };
        events.until_that(died).await;
        assert_eq!(remember(&clerk, 2).await, (3, vec![2]));
    });
}

#[test]
fn a_question_that_is_lost_unanswered_or_too_late_says_which() {
    universe(|u| async move {
        let spec = ChildSpec {
            restart: Restart::Temporary,
            ..ChildSpec::new("questions")
        };
        let (clerk, _due) = clerk(&u, spec);
        let mut events = u.watch();
        assert_eq!(
            clerk.ask(SECOND, Message::Forget).await,
            Err(AskError::Lost)
        );
        assert_eq!(
            clerk.ask(SECOND, Message::Keep).await,
            Err(AskError::Timeout)
        );
        clerk.tell(Message::Stop).unwrap();
        events.until(EventKind::Stopped).await;
        assert_eq!(
            clerk.ask(SECOND, Message::Keep).await,
            Err(AskError::Closed)
        );
        assert_eq!(clerk.tell(Message::Stop), Err(Closed));
    });
}

#[test]
fn a_permanent_child_comes_back_after_a_stop_a_transient_one_after_a_panic_a_temporary_one_never() {
    universe(|u| async move {
        u.expect_panics(2);
        let mut events = u.watch();
        let ends = [
            (Restart::Permanent, Message::Stop, true),
            (Restart::Transient, Message::Stop, false),
            (Restart::Transient, Message::Panic, true),
            (Restart::Temporary, Message::Panic, false),
        ];
        for (restart, end, comes_back) in ends {
            let spec = ChildSpec {
                restart,
                ..ChildSpec::new("policy")
            };
            let (clerk, _due) = clerk(&u, spec);
            remember(&clerk, 1).await;
            clerk.tell(end).unwrap();
            let kinds = [EventKind::Restarting, EventKind::Stopped];
            let event = events.until_that(|event| kinds.contains(&event.kind)).await;
            assert_eq!(
                event.kind == EventKind::Restarting,
                comes_back,
                "{restart:?}"
            );
        }
    });
}

#[test]
fn a_factory_that_panics_is_tried_again_and_counts_as_a_death() {
    universe(|u| async move {
        u.expect_panics(2);
        let mut events = u.watch();
        let attempts = Arc::new(AtomicU32::new(0));
        let group = u.supervisor(SupervisorSpec::new("clerks"));
        let (due, _dues) = mpsc::unbounded_channel();
        let clerk = group.resident(ChildSpec::new("factory"), move || {
            let attempt = attempts.fetch_add(1, Ordering::Relaxed);
            assert!(attempt >= 2, "not yet");
            Clerk {
                memory: Vec::new(),
                due: due.clone(),
                kept: Vec::new(),
                timers: HashMap::new(),
            }
        });
        assert_eq!(remember(&clerk, 1).await, (1, vec![1]));
        assert_eq!(events.until(EventKind::Panicked).await.generation, 0);
        let tree = u.tree();
        assert_eq!(tree.root.children[0].restarts_in_window, 2);
    });
}

#[test]
fn what_was_told_before_a_shutdown_is_handled_before_the_end() {
    universe(|u| async move {
        let (clerk, _due) = clerk(&u, ChildSpec::new("last-words"));
        let mut answers = Vec::new();
        for number in 0..100 {
            let (reply, answer) = oneshot::channel();
            clerk.tell(Message::Remember(number, reply)).unwrap();
            answers.push(answer);
        }
        u.shutdown().await;
        for answer in answers {
            answer.await.unwrap();
        }
        let (reply, _) = oneshot::channel();
        assert_eq!(clerk.tell(Message::Remember(0, reply)), Err(Closed));
    });
}

#[test]
fn a_resident_lives_on_when_every_handle_is_dropped() {
    universe(|u| async move {
        let mut events = u.watch();
        let (clerk, mut due) = clerk(&u, ChildSpec::new("orphan"));
        clerk.tell(Message::After(60 * SECOND, 1)).unwrap();
        drop(clerk);
        assert_eq!(due.recv().await, Some((1, 1)));
        assert!(
            events
                .so_far()
                .iter()
                .all(|event| event.kind == EventKind::Started)
        );
    });
}

#[test]
fn the_failpoint_of_one_resident_leaves_the_others_alone() {
    universe(|u| async move {
        u.expect_panics(1);
        let (hit, _hit_due) = clerk(&u, ChildSpec::new("hit"));
        let (spared, _spared_due) = clerk(&u, ChildSpec::new("spared"));
        let _kill = FailGuard::new("resident::hit", "1*panic(killed)").unwrap();
        let lost = hit.ask(SECOND, |reply| Message::Remember(1, reply)).await;
        assert_eq!(lost, Err(AskError::Lost));
        assert_eq!(remember(&hit, 2).await, (2, vec![2]));
        assert_eq!(remember(&spared, 3).await, (1, vec![3]));
    });
}
