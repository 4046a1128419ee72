//! The tree and the figures that anyone may look at.

use std::time::Duration;

use callboard_runtime::testing::universe;
use callboard_runtime::{CrewSpec, NodeKind, SupervisorSpec};
use serde_json::json;

use crate::drill::{OWNER, Order, key, offer, wait};
use crate::strategy::{Ask, fragile, incarnation};

#[test]
fn a_snapshot_shows_groups_residents_and_crews_with_their_figures() {
    universe(|u| async move {
        u.expect_panics(2);
        let residents = u.supervisor(SupervisorSpec::new("residents"));
        let shard = fragile(&residents, "shard");
        shard.tell(Ask::Panic).unwrap();
        assert_eq!(incarnation(&shard).await, 2);
        let roles = u.supervisor(SupervisorSpec::new("roles"));
        let spec = CrewSpec {
            workers: 2,
            queue_max: 9,
            ..CrewSpec::new("market.analyst")
        };
        let crew = roles.crew(spec, || crate::drill::Obedient);
        let mut inbox = u.inbox(&crew, OWNER);
        crew.offer(offer(key(0), Order::Panic("once")));
        inbox.finished().await;
        let mut gates = Vec::new();
        for number in 1..=3 {
            let (order, began, go) = wait();
            crew.offer(offer(key(number), order));
            gates.push((began, go));
        }
        for (began, _) in &mut gates[..2] {
            began.await.unwrap();
        }
        tokio::time::advance(Duration::from_millis(250)).await;

        let tree = u.tree();
        assert_eq!(tree.root.kind, NodeKind::Supervisor);
        let json = serde_json::to_value(&tree.root.children).unwrap();
        assert_eq!(json[0]["path"], "root/residents");
        assert_eq!(json[0]["strategy"], "one_for_one");
        assert_eq!(
            json[0]["intensity"],
            json!({"restarts_max": 5, "window_ms": 30_000})
        );
        assert_eq!(json[0]["restarts_in_window"], 1);
        let shard = &json[0]["children"][0];
        assert_eq!(shard["name"], "shard");
        assert_eq!(shard["kind"], "resident");
        assert_eq!(
            (&shard["generation"], &shard["state"]),
            (&json!(2), &json!("running"))
        );
        let crew = &json[1]["children"][0];
        assert_eq!(
            (&crew["kind"], &crew["state"]),
            (&json!("crew"), &json!("running"))
        );
        assert_eq!(
            crew["restarts_in_window"], 0,
            "a panic of a task is no death"
        );
        let crew = &crew["crew"];
        assert_eq!(
            (&crew["queue_depth"], &crew["queue_max"]),
            (&json!(1), &json!(9))
        );
        assert_eq!((&crew["in_hand"], &crew["held"]), (&json!(2), &json!(1)));
        assert_eq!(crew["last_failure"], "once");
        let breaker = json!({"state": "closed", "cooldown_ms": 1000, "retry_after_ms": 0});
        assert_eq!(crew["breaker"], breaker);
        let workers = crew["workers"].as_array().unwrap();
        assert_eq!(workers.len(), 2);
        assert!(workers.iter().all(|worker| worker["state"] == "busy"));
        assert!(
            workers
                .iter()
                .all(|worker| worker["since_progress_ms"] == 250)
        );
        let panics: u64 = workers
            .iter()
            .filter_map(|worker| worker["panics"].as_u64())
            .sum();
        assert_eq!(panics, 1);
    });
}
