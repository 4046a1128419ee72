//! Streams: how they are opened, and that they end with the access of whoever opened them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{guarded, made, with_role};
use crate::{
    client::Client,
    eventually::soon,
    socket::{End, Watcher},
};

/// Close code of a stream whose caller may no longer have it.
const BARRED: u16 = 4401;
/// A stream ends so soon after its key.
const PROMPT: Duration = Duration::from_secs(1);

async fn watch(client: &Client, path: &str) -> Watcher {
    let bearer = format!("Bearer {}", client.key());
    let headers = [("authorization", bearer.as_str())];
    let opened = Watcher::open_with(client.address, path, &headers).await;
    opened.unwrap_or_else(|status| panic!("{status}"))
}

async fn ticket(client: &Client) -> String {
    let answer = client.post("/v1/stream-tickets", &json!({})).await;
    assert_eq!(answer.status, 201);
    answer.json::<Value>()["ticket"]
        .as_str()
        .unwrap()
        .to_owned()
}

#[tokio::test]
async fn open_streams_end_within_a_second_of_their_key() {
    let app = guarded().await;
    let admin = app.admin();
    let (client, id) = made(&admin, json!({"name": "k", "role": "user"})).await;
    let mut socket = watch(&client, "/v1/stream").await;
    let mut supervision = watch(&client, "/v1/supervision/stream").await;
    let events = client.request(reqwest::Method::GET, "/v1/stream");
    let mut events = events
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    assert_eq!(events.status(), 200);
    let job = client.fanout(1).await;
    assert_eq!(socket.next_kept().await.unwrap()["job"], job.id.as_str());
    client.finished(&job.id).await;

    let revoked = admin
        .post(&format!("/v1/keys/{id}/revoke"), &json!({}))
        .await;
    assert_eq!(revoked.status, 200);
    let since = Instant::now();
    assert_eq!(socket.rest().await.1, End::Closed(BARRED));
    assert_eq!(supervision.rest().await.1, End::Closed(BARRED));
    let ended = async { while events.chunk().await.unwrap().is_some() {} };
    soon("the end of the events", ended).await;
    assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
}

#[tokio::test]
async fn a_stream_ends_when_its_key_expires_or_its_role_permits_less() {
    let app = guarded().await;
    let admin = app.admin();
    let (brief, _) = made(
        &admin,
        json!({"name": "k", "role": "viewer", "expires_in_s": 1}),
    )
    .await;
    let put = async |permissions: Value| {
        let put = admin.request(reqwest::Method::PUT, "/v1/roles/reader");
        let put = put.json(&json!({"permissions": permissions})).send().await;
        assert_eq!(put.unwrap().status(), 200);
    };
    put(json!(["jobs:read", "results:read"])).await;
    let reader = with_role(&admin, "reader").await;
    let mut of_brief = watch(&brief, "/v1/stream").await;
    let mut of_reader = watch(&reader, "/v1/stream").await;
    assert_eq!(of_brief.rest().await.1, End::Closed(BARRED));
    put(json!(["jobs:read"])).await;
    assert_eq!(of_reader.rest().await.1, End::Closed(BARRED));
}

#[tokio::test]
async fn a_ticket_opens_one_stream_and_nothing_else() {
    let app = guarded().await;
    let admin = app.admin();
    let (viewer, id) = made(&admin, json!({"name": "k", "role": "viewer"})).await;
    let (first, other) = (ticket(&viewer).await, ticket(&viewer).await);
    let open = async |ticket: &str| {
        let path = format!("/v1/stream?ticket={ticket}");
        Watcher::open_with(app.address, &path, &[]).await
    };
    let mut stream = open(&first)
        .await
        .unwrap_or_else(|status| panic!("{status}"));
    assert_eq!(open(&first).await.err().unwrap(), 401);
    let listed = app.client().get(&format!("/v1/jobs?ticket={other}")).await;
    assert_eq!(listed.status, 401);
    let key = viewer.key();
    assert_eq!(open(key).await.err().unwrap(), 401);

    let job = admin.fanout(1).await;
    let frame = stream.next_kept().await.unwrap();
    assert_eq!((&frame["job"], frame.get("data")), (&json!(job.id), None));
    admin.finished(&job.id).await;
    let revoked = admin
        .post(&format!("/v1/keys/{id}/revoke"), &json!({}))
        .await;
    assert_eq!(revoked.status, 200);
    assert_eq!(stream.rest().await.1, End::Closed(BARRED));
    assert_eq!(open(&other).await.err().unwrap(), 401);
}
