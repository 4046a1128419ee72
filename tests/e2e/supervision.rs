//! The supervision tree from outside.

use serde_json::Value;

use crate::{app::TestApp, eventually::eventually};

fn node<'a>(tree: &'a Value, path: &str) -> Option<&'a Value> {
    if tree["path"] == path {
        return Some(tree);
    }
    tree["children"]
        .as_array()?
        .iter()
        .find_map(|child| node(child, path))
}

#[tokio::test]
async fn the_tree_shows_crews_with_their_workers_and_the_shards() {
    let app = TestApp::start().await;
    let tree = app.client().get_json("/v1/supervision").await;
    let root = &tree["root"];
    assert_eq!(root["kind"], "supervisor");
    let crew = node(root, "root/roles/drill.runner").unwrap();
    assert_eq!(
        (&crew["kind"], &crew["state"]),
        (&"crew".into(), &"running".into())
    );
    assert_eq!(crew["crew"]["breaker"]["state"], "closed");
    assert!(!crew["crew"]["workers"].as_array().unwrap().is_empty());
    for resident in ["root/core/shard-0", "root/core/journal-writer"] {
        assert_eq!(node(root, resident).unwrap()["kind"], "resident");
    }
}

#[tokio::test]
async fn what_happened_to_actors_is_kept_and_read_in_pages() {
    let app = TestApp::start().await;
    let client = app.client();
    let all = eventually("starts of actors are kept", || async {
        let page = client.get_json("/v1/supervision/events?limit=1000").await;
        let items = page["items"].as_array()?.clone();
        items
            .iter()
            .any(|item| item["type"] == "started")
            .then_some(items)
    })
    .await;
    assert!(all.iter().all(
        |item| item["at"].as_str().is_some_and(|at| at.ends_with('Z')) && item["node"].is_string()
    ));
    let first = client.get_json("/v1/supervision/events?limit=1").await;
    assert_eq!(first["items"].as_array().unwrap()[..], all[..1]);
    assert_eq!(first["next_after"], all[0]["id"]);
    let rest = client
        .get_json(&format!(
            "/v1/supervision/events?limit=1000&after={}",
            first["next_after"]
        ))
        .await;
    assert!(
        rest["items"]
            .as_array()
            .unwrap()
            .iter()
            .all(|item| item["id"].as_u64() > all[0]["id"].as_u64())
    );
    let newest = client
        .get_json("/v1/supervision/events?newest=true&limit=2")
        .await;
    let newest = newest["items"].as_array().unwrap();
    assert_eq!(newest[..], all[all.len() - 2..]);
    let path = "/v1/supervision/events?newest=true&limit=1&filter=id%20%3E%200";
    assert_eq!(client.get_json(path).await["items"][0], newest[1]);
    let both = client
        .get("/v1/supervision/events?newest=true&after=1")
        .await;
    assert_eq!(both.problem(), "invalid_query");
}

#[cfg(not(feature = "failpoints"))]
#[tokio::test]
async fn a_build_without_failpoints_has_no_way_to_set_one() {
    let app = TestApp::start().await;
    let client = app.client();
    let refused = crate::client::answer(
        client
            .request(reqwest::Method::PUT, "/test/failpoints/x")
            .body("panic"),
    )
    .await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (404, "route_not_found")
    );
}

/// With failpoints a role can be made to panic.
#[cfg(feature = "failpoints")]
mod panics {
    use std::sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    };

    use futures_util::future::join_all;
    use serde_json::json;

    use super::*;
    use crate::{
        app::Setup,
        cli::desk::{Desk, Serving},
        client::Client,
        socket::{End, Watcher},
    };

    const JOBS: usize = 50;
    const TASKS: u32 = 1_000;
    const RUNNER: &str = "drill.runner";

    fn is_panic(event: &Value) -> bool {
        event["type"] == "panicked" && event["role"] == RUNNER
    }

    /// Panics of the role among the events that are kept.
    async fn kept_panics(client: &Client) -> usize {
        let (mut found, mut after) = (0, 0);
        loop {
            let path = format!("/v1/supervision/events?limit=1000&after={after}");
            let page = client.get_json(&path).await;
            let items = page["items"].as_array().unwrap();
            if items.is_empty() {
                return found;
            }
            found += items.iter().filter(|event| is_panic(event)).count();
            after = page["next_after"].as_u64().unwrap();
        }
    }

    async fn panics_in_tree(client: &Client) -> usize {
        let tree = client.get_json("/v1/supervision").await;
        let crew = node(&tree["root"], "root/roles/drill.runner").unwrap()["crew"].clone();
        assert_eq!(crew["breaker"]["state"], "closed");
        let workers = crew["workers"].as_array().unwrap();
        workers
            .iter()
            .map(|worker| worker["panics"].as_u64().unwrap() as usize)
            .sum()
    }

    #[tokio::test]
    async fn a_role_that_panics_on_one_task_in_a_hundred_harms_no_other_task() {
        let setup = Setup {
            restarts_expected: true,
            ..Setup::default()
        };
        let app = TestApp::start_alone(setup).await;
        let client = app.client();
        let mut stream = Watcher::open(app.address, "/v1/supervision/stream").await;
        let heard = tokio::spawn(async move {
            let mut panics = 0;
            loop {
                match stream.next().await {
                    Ok(event) if event["type"] == "gap" => panic!("missed {event}"),
                    Ok(event) => panics += usize::from(is_panic(&event)),
                    Err(end) => return (panics, end),
                }
            }
        });
        client.failpoint("perform::drill.runner", "1%panic").await;
        let mut jobs = Vec::new();
        for _ in 0..JOBS {
            jobs.push(
                client
                    .submit("drill.fanout", json!({"tasks": TASKS}))
                    .await
                    .id,
            );
        }
        for id in &jobs {
            let job = client.finished(id).await;
            // One task in a million panics three times in a row and counts as poison.
            let poisoned = job
                .error
                .as_ref()
                .is_some_and(|error| error["code"] == "poisoned");
            assert!(job.state == "succeeded" || poisoned, "{job:?}");
        }
        client.failpoint("perform::drill.runner", "off").await;
        assert_eq!(client.get_json("/v1/health").await["status"], "healthy");
        let metrics = String::from_utf8(client.get("/metrics").await.body).unwrap();
        assert!(metrics.contains("callboard_actor_restarts_total{role=\"drill.runner\""));

        let panics = panics_in_tree(&client).await;
        assert!(panics > 0, "nothing panicked: the test shows nothing");
        eventually("every panic is kept", || async {
            (kept_panics(&client).await == panics).then_some(())
        })
        .await;
        app.drain();
        assert_eq!(heard.await.unwrap(), (panics, End::Closed(1012)));
    }

    #[tokio::test]
    async fn a_job_that_nothing_moves_is_told_of_and_set_going_again() {
        // A process of its own: what it loses, no other server does.
        let desk = Desk::new();
        let server = Serving::start(&desk);
        let client = server.client();
        let mut stream = Watcher::open(server.address(), "/v1/supervision/stream").await;
        client.failpoint("shard::offer", "1*return").await;
        let job = client.fanout(1).await;
        let told = loop {
            let event = stream.next().await.unwrap();
            if event["type"] == "invariant_broken" {
                break event;
            }
        };
        assert_eq!(told["node"], "root/core/shard-0");
        let cause = told["cause"].as_str().unwrap();
        assert!(cause.starts_with(&job.id), "{cause}");
        assert_eq!(client.finished(&job.id).await.state, "succeeded");
        eventually("the event is kept", || async {
            let page = client.get_json("/v1/supervision/events?limit=1000").await;
            let items = page["items"].as_array()?;
            let is_kept = |item: &Value| item["type"] == told["type"] && item["cause"] == cause;
            items.iter().any(is_kept).then_some(())
        })
        .await;
        let metrics = String::from_utf8(client.get("/metrics").await.body).unwrap();
        assert!(metrics.contains("callboard_stuck_jobs_total 1"));
    }

    #[tokio::test]
    async fn a_shard_that_dies_under_load_loses_no_job_and_repeats_no_task() {
        const DEATHS: &str = "100*off->1*panic->150*off->1*panic->150*off->1*panic->off";
        let setup = Setup {
            restarts_expected: true,
            ..Setup::default()
        };
        let app = TestApp::start_alone(setup).await;
        let client = app.client();
        let executed = Arc::new(AtomicU32::new(0));
        let count = executed.clone();
        let counting = move || {
            count.fetch_add(1, Ordering::SeqCst);
        };
        fail::cfg_callback("perform::drill.runner", counting).unwrap();
        client.failpoint("shard::handle", DEATHS).await;
        let input = json!({"tasks": 100, "wait_ms": 20});
        let submitted = (0..20).map(|_| client.submit("drill.fanout", input.clone()));
        for job in join_all(submitted).await {
            let job = client.finished(&job.id).await;
            assert_eq!(job.state, "succeeded", "{job:?}");
            assert_eq!(job.result, Some(json!({"tasks": 100, "sum": 5_050})));
        }
        fail::remove("perform::drill.runner");
        fail::remove("shard::handle");
        let tree = client.get_json("/v1/supervision").await;
        assert_eq!(
            node(&tree["root"], "root/core/shard-0").unwrap()["generation"],
            4
        );
        assert_eq!(executed.load(Ordering::SeqCst), 20 * 100);
    }
}
