//! Who is rebuilt when one of a group dies, in which order, and with how many events.

use std::time::Duration;

use callboard_runtime::testing::{TestUniverse, universe};
use callboard_runtime::{
    ChildSpec, EventKind, Handle, Resident, ResidentContext, Strategy, SupervisionEvent,
    Supervisor, SupervisorSpec,
};
use tokio::sync::oneshot;

pub enum Ask {
    Incarnation(oneshot::Sender<u64>),
    Panic,
}

pub struct Fragile;

impl Resident for Fragile {
    type Message = Ask;

    fn handle(&mut self, ask: Ask, ctx: &mut ResidentContext<Self>) {
        match ask {
            Ask::Incarnation(reply) => {
                let _ = reply.send(ctx.incarnation());
            }
            Ask::Panic => panic!("asked to"),
        }
    }
}

pub async fn incarnation(child: &Handle<Ask>) -> u64 {
    child
        .ask(Duration::from_secs(60), Ask::Incarnation)
        .await
        .unwrap()
}

pub fn fragile(group: &Supervisor, name: &str) -> Handle<Ask> {
    group.resident(ChildSpec::new(name), || Fragile)
}

fn group(u: &TestUniverse, strategy: Strategy) -> Supervisor {
    u.supervisor(SupervisorSpec {
        strategy,
        ..SupervisorSpec::new("group")
    })
}

fn told(events: &[SupervisionEvent]) -> Vec<(&str, EventKind, u64)> {
    let name = |event: &SupervisionEvent| event.node.rsplit('/').next().unwrap_or_default().len();
    events
        .iter()
        .map(|event| {
            (
                &event.node[event.node.len() - name(event)..],
                event.kind,
                event.generation,
            )
        })
        .collect()
}

/// Lets the second of three children die; tells the events and the incarnations that follow.
async fn death_of_b(u: &TestUniverse, strategy: Strategy) -> (Vec<SupervisionEvent>, [u64; 3]) {
    u.expect_panics(1);
    let group = group(u, strategy);
    let children = ["a", "b", "c"].map(|name| fragile(&group, name));
    for child in &children {
        assert_eq!(incarnation(child).await, 1);
    }
    let mut events = u.watch();
    children[1].tell(Ask::Panic).unwrap();
    let mut after = [0; 3];
    // The one that died first: its death is what the others follow from.
    for index in [1, 0, 2] {
        after[index] = incarnation(&children[index]).await;
    }
    let events = events.so_far();
    assert!(
        events.len() <= children.len() + 2,
        "{} events",
        events.len()
    );
    (events, after)
}

#[test]
fn one_for_one_rebuilds_the_dead_child_alone() {
    universe(|u| async move {
        let (events, after) = death_of_b(&u, Strategy::OneForOne).await;
        assert_eq!(after, [1, 2, 1]);
        let expected = [
            ("b", EventKind::Panicked, 1),
            ("b", EventKind::Restarting, 1),
            ("b", EventKind::Started, 2),
        ];
        assert_eq!(told(&events), expected);
    });
}

#[test]
fn rest_for_one_recycles_those_started_after_the_dead_child() {
    universe(|u| async move {
        let (events, after) = death_of_b(&u, Strategy::RestForOne).await;
        assert_eq!(after, [1, 2, 2]);
        let expected = [
            ("b", EventKind::Panicked, 1),
            ("b", EventKind::Restarting, 1),
            ("c", EventKind::Recycled, 2),
            ("b", EventKind::Started, 2),
        ];
        assert_eq!(told(&events), expected);
        assert_eq!(events[2].cause.as_deref(), Some("b panicked"));
    });
}

#[test]
fn one_for_all_recycles_everybody_in_the_order_of_their_start() {
    universe(|u| async move {
        let (events, after) = death_of_b(&u, Strategy::OneForAll).await;
        assert_eq!(after, [2, 2, 2]);
        let expected = [
            ("b", EventKind::Panicked, 1),
            ("b", EventKind::Restarting, 1),
            ("a", EventKind::Recycled, 2),
            ("c", EventKind::Recycled, 2),
            ("b", EventKind::Started, 2),
        ];
        assert_eq!(told(&events), expected);
    });
}

#[test]
fn a_recycled_group_is_recycled_with_everything_below_it() {
    universe(|u| async move {
        u.expect_panics(1);
        let group = group(&u, Strategy::OneForAll);
        let dying = fragile(&group, "dying");
        let inner = group.supervisor(SupervisorSpec::new("inner"));
        let below = fragile(&inner, "below");
        assert_eq!(incarnation(&below).await, 1);
        dying.tell(Ask::Panic).unwrap();
        assert_eq!(incarnation(&dying).await, 2);
        assert_eq!(incarnation(&below).await, 2);
    });
}

#[test]
fn a_recycle_does_not_interrupt_a_message_nor_lose_the_queue() {
    universe(|u| async move {
        u.expect_panics(1);
        let group = group(&u, Strategy::OneForAll);
        let (a, b) = (fragile(&group, "a"), fragile(&group, "b"));
        assert_eq!(incarnation(&b).await, 1);
        a.tell(Ask::Panic).unwrap();
        let mut answers = Vec::new();
        for _ in 0..10 {
            let (reply, answer) = oneshot::channel();
            b.tell(Ask::Incarnation(reply)).unwrap();
            answers.push(answer);
        }
        for answer in answers {
            assert!(answer.await.is_ok());
        }
        assert_eq!(incarnation(&a).await, 2);
        assert_eq!(incarnation(&b).await, 2);
    });
}
