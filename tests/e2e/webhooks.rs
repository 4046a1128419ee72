//! Events on their way to another server.

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::{Value, json};

use callboard::webhooks::{SecretKey, sign};

use crate::{
    app::{Setup, TestApp},
    cli::desk::{Desk, Serving},
    client::{Client, answer},
    eventually::eventually,
    peer::{Arrival, Peer},
};

fn hook(receiver: &Peer) -> String {
    format!("{}/hook?tenant=a", receiver.url())
}

/// Stays when an event comes again.
fn id_of(arrival: &Arrival) -> &str {
    arrival.header("webhook-id")
}

fn setup() -> Setup {
    let mut setup = Setup::default();
    setup.config.outbound.allowed_networks = vec!["127.0.0.0/8".parse().unwrap()];
    setup.config.webhooks.first_retry = std::time::Duration::from_millis(50);
    setup
}

async fn make(client: &Client, url: &str, types: &[&str]) -> Value {
    let made = client
        .post("/v1/webhooks", &json!({"url": url, "event_types": types}))
        .await;
    assert_eq!(made.status, 201, "{made:?}");
    made.json()
}

async fn path(client: &Client, method: Method, path: &str) -> (u16, Value) {
    let answered = answer(client.request(method, path)).await;
    let body = serde_json::from_slice(&answered.body).unwrap_or_default();
    (answered.status.as_u16(), body)
}

fn own_path(webhook: &Value) -> String {
    format!("/v1/webhooks/{}", webhook["id"].as_str().unwrap())
}

async fn deliveries(client: &Client, webhook: &Value) -> Vec<Value> {
    let page = client
        .get_json(&format!("{}/deliveries", own_path(webhook)))
        .await;
    page["items"].as_array().unwrap().clone()
}

#[tokio::test]
async fn events_arrive_signed_as_cloud_events_of_the_types_that_are_wanted() {
    let app = TestApp::start_with(setup()).await;
    let client = app.client();
    let receiver = Peer::start(204).await;
    let before = client.fanout(1).await;
    client.finished(&before.id).await;
    let webhook = make(&client, &hook(&receiver), &["job.succeeded", "task.*"]).await;
    let secret = webhook["secret"].as_str().unwrap().to_owned();
    assert!(secret.starts_with("whsec_"));
    let shown = client.get_json(&own_path(&webhook)).await;
    assert_eq!(
        (shown.get("secret"), &shown["enabled"]),
        (None, &json!(true))
    );

    let job = client.fanout(2).await;
    client.finished(&job.id).await;
    let is_end = |arrival: &Arrival| arrival.json()["type"] == "callboard.job.succeeded";
    let arrived = receiver
        .until("the end arrives", |all| all.iter().any(is_end))
        .await;
    for arrival in &arrived {
        assert!(
            arrival
                .header("content-type")
                .starts_with("application/cloudevents+json")
        );
        let secret = SecretKey::from_text(secret.clone());
        let timestamp = arrival.header("webhook-timestamp").parse().unwrap();
        let body = std::str::from_utf8(&arrival.body).unwrap();
        assert_eq!(
            sign(&secret, id_of(arrival), timestamp, body),
            arrival.header("webhook-signature")
        );
        let event = arrival.json();
        assert_eq!(
            (&event["specversion"], &event["subject"]),
            (&json!("1.0"), &json!(job.id))
        );
        assert_eq!(event["source"], format!("/v1/jobs/{}", job.id));
        let name = event["type"].as_str().unwrap();
        assert!(
            name == "callboard.job.succeeded" || name.starts_with("callboard.task."),
            "{name}"
        );
    }
    let wanted = client
        .events(&job.id, 100)
        .await
        .into_iter()
        .filter(|event| {
            let name = event["type"].as_str().unwrap();
            name == "job.succeeded" || name.starts_with("task.")
        });
    let all = receiver
        .until("every event arrives", |all| {
            all.len() >= wanted.clone().count()
        })
        .await;
    assert_eq!(all.len(), wanted.count());

    let last = eventually("all are noted as delivered", || async {
        let all = deliveries(&client, &webhook).await;
        all.iter()
            .all(|one| one["state"] == "delivered")
            .then(|| all[0].clone())
    })
    .await;
    let replay = format!(
        "{}/deliveries/{}/replay",
        own_path(&webhook),
        last["id"].as_str().unwrap()
    );
    assert_eq!(path(&client, Method::POST, &replay).await.0, 202);
    let again = receiver
        .until("it comes again", |now| now.len() > all.len())
        .await;
    let again = again.last().unwrap();
    let same = all
        .iter()
        .any(|first| id_of(first) == id_of(again) && first.body == again.body);
    assert!(same, "{again:?} keeps its id");

    assert_eq!(
        path(&client, Method::DELETE, &own_path(&webhook)).await.0,
        204
    );
    assert_eq!(path(&client, Method::GET, &own_path(&webhook)).await.0, 404);
}

#[tokio::test]
async fn a_receiver_that_fails_is_tried_again_and_one_that_is_gone_is_not() {
    let app = TestApp::start_with(setup()).await;
    let client = app.client();
    let receiver = Peer::start(500).await;
    let webhook = make(&client, &hook(&receiver), &["job.succeeded"]).await;
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let tried = receiver
        .until("it is tried three times", |all| all.len() >= 3)
        .await;
    assert_eq!(tried.iter().map(id_of).collect::<BTreeSet<_>>().len(), 1);
    let pending = &deliveries(&client, &webhook).await[0];
    assert_eq!(
        (&pending["state"], &pending["status"]),
        (&json!("pending"), &json!(500))
    );
    assert!(client.get_json(&own_path(&webhook)).await["failing_since"].is_string());
    receiver.answer(200);
    eventually("it is delivered", || async {
        (deliveries(&client, &webhook).await[0]["state"] == "delivered").then_some(())
    })
    .await;
    assert_eq!(
        client
            .get_json(&own_path(&webhook))
            .await
            .get("failing_since"),
        None
    );

    receiver.answer(410);
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let disabled = eventually("it is disabled", || async {
        let shown = client.get_json(&own_path(&webhook)).await;
        (shown["enabled"] == false).then_some(shown)
    })
    .await;
    assert!(
        disabled["disabled_because"]
            .as_str()
            .unwrap()
            .contains("410")
    );

    receiver.answer(200);
    let came = receiver.arrived().len();
    let enable = client
        .request(Method::PATCH, &own_path(&webhook))
        .json(&json!({"enabled": true}));
    assert_eq!(answer(enable).await.status, 200);
    receiver
        .until("it goes on where it was", |all| all.len() > came)
        .await;
}

#[tokio::test]
async fn a_webhook_to_a_closed_address_or_without_sense_is_refused() {
    let app = TestApp::start().await;
    let client = app.client();
    for url in [
        "http://127.0.0.1:9/",
        "http://localhost.:9@[::1]/",
        "http://169.254.169.254/latest/meta-data",
        "http://[::ffff:10.0.0.1]/",
        "http://0x7f000001/",
        "ftp://example.org/",
        "nonsense",
        "http://user:pass@example.org/",
    ] {
        let refused = client.post("/v1/webhooks", &json!({"url": url})).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (422, "invalid_webhook_url"),
            "{url}"
        );
    }
    let types = json!({"url": "https://example.org/", "event_types": ["job succeeded"]});
    assert_eq!(
        client.post("/v1/webhooks", &types).await.problem(),
        "invalid_event_types"
    );
    // A name passes, and is refused when it is resolved.
    let webhook = make(&client, "http://localhost:9/", &[]).await;
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let error = eventually("an attempt is noted", || async {
        let all = deliveries(&client, &webhook).await;
        all.iter()
            .find_map(|one| one["error"].as_str().map(str::to_owned))
    })
    .await;
    assert!(error.contains("not a public address"), "{error}");
}

#[tokio::test]
async fn no_event_is_lost_when_the_server_is_killed_between_commit_and_delivery() {
    let desk = Desk::new();
    desk.write(
        "callboard.toml",
        "[outbound]\nallowed_networks = [\"127.0.0.0/8\"]\n[webhooks]\nfirst_retry = \"50ms\"\n",
    );
    let silent = Peer::start(0).await;
    let address = silent.address;
    let mut server = Serving::start(&desk);
    let of = |server: &Serving| {
        Client::new(server.url.strip_prefix("http://").unwrap().parse().unwrap())
    };
    let client = of(&server);
    make(&client, &hook(&silent), &[]).await;
    let mut expected = BTreeSet::new();
    for round in 0..3 {
        let client = of(&server);
        let job = client.fanout(3).await;
        client.finished(&job.id).await;
        for event in client.events(&job.id, 100).await {
            expected.insert((job.id.clone(), event["seq"].as_u64().unwrap()));
        }
        if round == 1 {
            silent
                .until("a delivery is under way", |all| !all.is_empty())
                .await;
        }
        server.kill();
        server = Serving::start(&desk);
    }
    drop(silent);
    let receiver = eventually("the address is free", || async {
        let free = std::net::TcpListener::bind(address).is_ok();
        if free {
            Some(Peer::start_at(address, 200).await)
        } else {
            None
        }
    })
    .await;
    let place = |arrival: &Arrival| {
        let event = arrival.json();
        let job = event["subject"].as_str().unwrap().to_owned();
        (job, event["data"]["seq"].as_u64().unwrap())
    };
    let arrived = receiver
        .until("every event arrives", |all| {
            all.iter()
                .map(place)
                .collect::<BTreeSet<_>>()
                .is_superset(&expected)
        })
        .await;
    // An event that comes twice has one id.
    let ids: BTreeSet<&str> = arrived.iter().map(id_of).collect();
    let places: BTreeSet<_> = arrived.iter().map(place).collect();
    assert_eq!(ids.len(), places.len());
    assert_eq!(places, expected);
    assert_eq!(server.stop(), Some(0));
}
