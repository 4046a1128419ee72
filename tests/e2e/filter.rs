//! Lists by a filter.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    client::{Answer, Client, answer},
    eventually::eventually,
    keyed::admin_of,
};

async fn filtered(client: &Client, path: &str, filter: &str) -> Answer {
    answer(
        client
            .request(Method::GET, path)
            .query(&[("filter", filter)]),
    )
    .await
}

fn ids(page: &Value) -> Vec<&str> {
    let items = page["items"].as_array().unwrap().iter();
    items.map(|job| job["id"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn jobs_are_listed_by_a_filter_of_what_they_are() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut jobs = Vec::new();
    for (team, priority, tasks) in [("core", 1, 1), ("core", 7, 2), ("edge", 7, 3)] {
        let labels = json!({"team": team, "note": "50% of \\ it's"});
        let body = json!({"kind": "drill.fanout", "input": {"tasks": tasks}, "priority": priority, "labels": labels});
        let job: crate::client::Job = client.post("/v1/jobs", &body).await.json();
        jobs.push(client.finished(&job.id).await.id);
    }
    for (filter, chosen) in [
        ("labels.team = 'core' and priority > 3".to_owned(), vec![1]),
        ("labels.team in ('core', 'edge')".to_owned(), vec![2, 1, 0]),
        ("labels.team !in ('core') or total = 99".to_owned(), vec![2]),
        (
            "labels.none != 'x' and not priority = 7".to_owned(),
            vec![0],
        ),
        (
            "labels.note starts '50% of \\\\ it' and labels.note ends \"'s\"".to_owned(),
            vec![2, 1, 0],
        ),
        ("labels.note starts '50_'".to_owned(), vec![]),
        (
            "kind like 'drill.%' and kind !like 'DRILL.%'".to_owned(),
            vec![2, 1, 0],
        ),
        (
            "finished_at > 2020-01-01T00:00:00Z and state = 'succeeded'".to_owned(),
            vec![2, 1, 0],
        ),
        ("kind = 'x\\' or \\'1\\'=\\'1'".to_owned(), vec![]),
        (format!("id in ('{}', '{}')", jobs[0], jobs[2]), vec![2, 0]),
    ] {
        let found = filtered(&client, "/v1/jobs", &filter).await;
        assert_eq!(found.status, 200, "{filter}");
        let expected: Vec<&str> = chosen
            .iter()
            .map(|index: &usize| jobs[*index].as_str())
            .collect();
        assert_eq!(ids(&found.json()), expected, "{filter}");
        let warned = found
            .header("warning")
            .is_some_and(|text| text.starts_with("299 "));
        assert_eq!(warned, !filter.starts_with("id in"), "{filter}");
    }
    let first = filtered(&client, "/v1/jobs?limit=1", "priority = 7")
        .await
        .json::<Value>();
    assert_eq!(ids(&first), [&jobs[2]]);
    let next = format!(
        "/v1/jobs?limit=1&cursor={}",
        first["next_cursor"].as_str().unwrap()
    );
    let second = filtered(&client, &next, "priority = 7")
        .await
        .json::<Value>();
    assert_eq!(ids(&second), [&jobs[1]]);
}

#[tokio::test]
async fn a_filter_that_is_none_is_refused_with_its_place() {
    let app = TestApp::start().await;
    let client = app.client();
    for (path, filter, position, says) in [
        ("/v1/jobs", "sate = 'failed'", 0, "did you mean `state`?"),
        (
            "/v1/jobs",
            "priority = 1 and prioritty = 2",
            17,
            "did you mean `priority`?",
        ),
        ("/v1/jobs", "state = 'failed' or", 19, "expected a field"),
        (
            "/v1/jobs",
            "1 = 1; drop table jobs",
            5,
            "no filter goes on like this",
        ),
        (
            "/v1/approvals",
            "stat = 'pending'",
            0,
            "did you mean `state`?",
        ),
        ("/v1/effects", "class = 'onces'", 8, "did you mean 'once'?"),
        (
            "/v1/supervision/events",
            "kind = 'a'",
            0,
            "supervision events have",
        ),
    ] {
        let refused = filtered(&client, path, filter).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (400, "invalid_filter")
        );
        let problem: Value = refused.json();
        assert_eq!(
            (&problem["field"], &problem["position"]),
            (&json!("filter"), &json!(position))
        );
        assert!(
            problem["detail"].as_str().unwrap().contains(says),
            "{problem}"
        );
    }
}

#[tokio::test]
async fn events_are_listed_by_their_type() {
    let app = TestApp::start_with(Setup::default()).await;
    let client = app.client();
    let job = client.fanout(4).await;
    client.finished(&job.id).await;
    let path = format!("/v1/jobs/{}/events", job.id);
    let all = client.events(&job.id, 1_000).await;
    let kind = all[1]["type"].as_str().unwrap();
    let wanted: Vec<&Value> = all.iter().filter(|event| event["type"] == kind).collect();
    assert!(!wanted.is_empty() && wanted.len() < all.len());
    let found = filtered(&client, &path, &format!("type = '{kind}'")).await;
    assert!(found.header("warning").is_some());
    let found: Value = found.json();
    assert_eq!(
        found["items"]
            .as_array()
            .unwrap()
            .iter()
            .collect::<Vec<_>>(),
        wanted
    );
    assert_eq!(found["next_after"], all.last().unwrap()["seq"]);
    let rest = filtered(&client, &format!("{path}?limit=1"), "seq > 1").await;
    assert_eq!(rest.json::<Value>()["items"], json!([all[1]]));

    let started = eventually("starts of the runner's workers are kept", || async {
        let filter = "type = 'started' and role = 'drill.runner' and worker >= 0";
        let page: Value = filtered(&client, "/v1/supervision/events", filter)
            .await
            .json();
        let items = page["items"].as_array()?.clone();
        (!items.is_empty()).then_some(items)
    });
    for note in started.await {
        assert_eq!(
            (&note["type"], &note["role"]),
            (&json!("started"), &json!("drill.runner"))
        );
    }
}

#[tokio::test]
async fn approvals_are_listed_by_a_filter_page_by_page() {
    let app = TestApp::start().await;
    let client = app.client();
    let (mut jobs, mut approvals) = (Vec::new(), Vec::new());
    for why in ["Send it?", "Pay it?", "Send the rest?"] {
        let job = client.submit("drill.approval", json!({"why": why})).await;
        approvals.push(client.approval_of(&job.id).await);
        jobs.push(job.id);
    }
    let path = format!("/v1/approvals/{}/approve", approvals[0]);
    let approved = client.post(&path, &json!({"reason": "it's due"})).await;
    assert_eq!(approved.status, 200);
    for (filter, chosen) in [
        (
            "why starts 'Send' and state = 'pending'".to_owned(),
            vec![2],
        ),
        ("decided_at > 2020-01-01T00:00:00Z".to_owned(), vec![0]),
        ("decided_by != 'anonymous'".to_owned(), vec![2, 1]),
        ("reason = 'it\\'s due'".to_owned(), vec![0]),
        (format!("job = '{}'", jobs[1]), vec![1]),
        (
            "role = 'drill.asker' and task >= 0".to_owned(),
            vec![2, 1, 0],
        ),
        ("expires_at < 2020-01-01T00:00:00Z".to_owned(), vec![]),
        (format!("id in ('{}')", approvals[1]), vec![1]),
    ] {
        let found = filtered(&client, "/v1/approvals", &filter).await;
        assert_eq!(found.status, 200, "{filter}");
        let expected: Vec<&str> = chosen
            .iter()
            .map(|index: &usize| approvals[*index].as_str())
            .collect();
        assert_eq!(ids(&found.json()), expected, "{filter}");
        let is_warned = found.header("warning").is_some();
        assert_eq!(is_warned, !filter.starts_with("id in"), "{filter}");
    }
    let page = async |more: &str| -> Value {
        let path = format!("/v1/approvals?state=pending&limit=1{more}");
        filtered(&client, &path, "why ends '?'").await.json()
    };
    let first = page("").await;
    let next = format!("&cursor={}", first["next_cursor"].as_str().unwrap());
    let second = page(&next).await;
    assert_eq!(
        (ids(&first), ids(&second)),
        (vec![&*approvals[2]], vec![&*approvals[1]])
    );
    assert_eq!(second.get("next_cursor"), None);
    client.finished(&jobs[0]).await;
    for job in &jobs[1..] {
        client.cancel(job).await;
    }
}

#[tokio::test]
async fn effects_are_listed_by_a_filter_of_their_tenant_alone() {
    let ledgers = tempfile::tempdir().unwrap();
    let mut setup = Setup {
        auth: true,
        ..Setup::default()
    };
    setup.config.drill.ledger_dir = ledgers.path().to_owned();
    let app = TestApp::start_with(setup).await;
    let (acme, beta) = (
        admin_of(&app.admin(), "acme").await,
        admin_of(&app.admin(), "beta").await,
    );
    let ledger = ledgers.path().join("ledger");
    let input = json!({"ledger": ledger, "tasks": 3, "once": 1, "keyed": 1});
    let job = acme.submit("drill.effects", input).await;
    assert_eq!(acme.finished(&job.id).await.state, "succeeded");
    let all = acme.get_json("/v1/effects").await;
    let all = all["items"].as_array().unwrap();
    assert_eq!(all.len(), 2);
    let is_once = |effect: &&Value| effect["class"] == "once";
    let once = all.iter().find(is_once).unwrap()["id"].as_str().unwrap();
    let filter = "class = 'once' and state = 'succeeded' and attempt = 1 and ended_at > 2020-01-01T00:00:00Z";
    let found = filtered(&acme, "/v1/effects", filter).await;
    assert!(found.header("warning").is_some());
    assert_eq!(ids(&found.json()), [once]);
    let of_id = format!("id = '{once}'");
    let found = filtered(&acme, "/v1/effects", &of_id).await;
    assert_eq!(found.header("warning"), None);
    assert_eq!(ids(&found.json()), [once]);
    for filter in [&of_id, "attempt > 0 or not state = 'failed'"] {
        let found = filtered(&beta, "/v1/effects", filter).await;
        assert_eq!(found.json::<Value>()["items"], json!([]), "{filter}");
    }
}
