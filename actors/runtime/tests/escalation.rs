//! Deaths beyond the intensity of a group: first the group, then its parent, at last the root.

use std::time::Duration;

use callboard_runtime::testing::{EventWatch, TestUniverse, universe};
use callboard_runtime::{
    Condition, CrewSpec, EventKind, Handle, Intensity, NodeState, Strategy, Supervisor,
    SupervisorSpec,
};
use fail::FailGuard;

use crate::drill::{OWNER, Order, crew, key, offer};
use crate::strategy::{Ask, fragile, incarnation};

const WINDOW: Duration = Duration::from_secs(30);

fn group(u: &TestUniverse, restarts_max: u32) -> Supervisor {
    u.supervisor(SupervisorSpec {
        intensity: Intensity {
            restarts_max,
            window: WINDOW,
        },
        ..SupervisorSpec::new("group")
    })
}

async fn die(u: &TestUniverse, child: &Handle<Ask>, times: u64) {
    u.expect_panics(times);
    for _ in 0..times {
        child.tell(Ask::Panic).unwrap();
    }
    incarnation(child).await;
}

fn escalations(events: &mut EventWatch) -> Vec<String> {
    let events = events.so_far().into_iter();
    let escalated = events.filter(|event| event.kind == EventKind::Escalated);
    escalated.map(|event| event.node).collect()
}

#[test]
fn exactly_the_maximum_of_deaths_passes_and_the_next_recycles_the_whole_group() {
    universe(|u| async move {
        let group = group(&u, 3);
        let (dying, healthy) = (fragile(&group, "dying"), fragile(&group, "healthy"));
        incarnation(&healthy).await;
        let mut events = u.watch();
        die(&u, &dying, 3).await;
        assert_eq!(escalations(&mut events), [] as [&str; 0]);
        assert_eq!(incarnation(&healthy).await, 1);
        die(&u, &dying, 1).await;
        assert_eq!(escalations(&mut events), ["root/group"]);
        assert_eq!(incarnation(&healthy).await, 2);
        assert_eq!(u.tree().root.children[0].state, NodeState::Escalated);
        assert!(u.is_ready());
    });
}

#[test]
fn deaths_further_apart_than_the_window_never_escalate() {
    universe(|u| async move {
        let mut events = u.watch();
        let dying = fragile(&group(&u, 1), "dying");
        for _ in 0..10 {
            die(&u, &dying, 1).await;
            tokio::time::advance(WINDOW).await;
        }
        assert_eq!(escalations(&mut events), [] as [&str; 0]);
    });
}

#[test]
fn a_second_excess_within_the_window_is_a_death_to_the_parent_and_follows_its_strategy() {
    universe(|u| async move {
        let outer = u.supervisor(SupervisorSpec {
            strategy: Strategy::OneForAll,
            ..SupervisorSpec::new("outer")
        });
        let beside = fragile(&outer, "beside");
        let inner = outer.supervisor(SupervisorSpec {
            intensity: Intensity {
                restarts_max: 1,
                window: WINDOW,
            },
            ..SupervisorSpec::new("inner")
        });
        let dying = fragile(&inner, "dying");
        incarnation(&beside).await;
        let mut events = u.watch();
        die(&u, &dying, 2).await;
        assert_eq!(escalations(&mut events), ["root/outer/inner"]);
        assert_eq!(incarnation(&beside).await, 1);
        assert_eq!(u.tree().root.children[0].restarts_in_window, 0);
        die(&u, &dying, 2).await;
        assert_eq!(escalations(&mut events), ["root/outer/inner"]);
        assert_eq!(u.tree().root.children[0].restarts_in_window, 1);
        assert_eq!(incarnation(&beside).await, 2, "the strategy of the parent");
    });
}

#[test]
fn a_group_that_never_recovers_takes_readiness_away_and_ends_the_universe() {
    universe(|u| async move {
        let dying = fragile(&group(&u, 0), "dying");
        let mut gave_up = u.escalated();
        let mut deaths = 0;
        while u.is_ready() {
            die(&u, &dying, 1).await;
            deaths += 1;
            assert!(deaths < 20, "the root must give up");
        }
        // Once for the group, then every death goes up: one passes the root, one recycles it, one ends it.
        assert_eq!(deaths, 5);
        let cause = gave_up
            .wait_for(Option::is_some)
            .await
            .unwrap()
            .clone()
            .unwrap();
        assert_eq!(cause, "root/group/dying: dying panicked");
        assert_eq!(u.condition(), Condition::Failed(cause));
        assert!(
            incarnation(&dying).await > 1,
            "what can still run does, for the drain"
        );
    });
}

#[test]
fn a_crew_whose_factory_never_works_reaches_the_root_by_itself() {
    universe(|u| async move {
        let mut gave_up = u.escalated();
        let roles = u.supervisor(SupervisorSpec::new("roles"));
        let _kill = FailGuard::new("shell::build::hopeless", "panic(killed)").unwrap();
        let crew = roles.crew(CrewSpec::new("hopeless"), || crate::drill::Obedient);
        let minute = Duration::from_secs(60);
        let given_up = tokio::time::timeout(minute, gave_up.wait_for(Option::is_some));
        given_up.await.expect("within a minute").unwrap();
        u.shutdown().await;
        u.expect_panics(u.events_total(EventKind::Panicked));
        assert_eq!(crew.vitals().panics, 0, "no task was ever begun");
        assert!(!u.is_ready());
    });
}

#[test]
fn panics_of_tasks_never_escalate_beyond_their_role() {
    universe(|u| async move {
        u.expect_panics(200);
        let crew = crew(&u, CrewSpec::new("only-tasks"));
        let mut inbox = u.inbox(&crew, OWNER);
        for number in 0..200 {
            let mut offer = offer(key(number), Order::Panic("again"));
            // One source alone does not open the breaker.
            offer.key.source = 1;
            crew.offer(offer);
            let report = inbox.finished().await;
            crew.acknowledge(report.key);
        }
        assert_eq!(u.events_total(EventKind::Escalated), 0);
        assert_eq!(u.condition(), Condition::Sound);
        assert_eq!(u.tree().root.children[0].children[0].restarts_in_window, 0);
    });
}
