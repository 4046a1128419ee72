//! Streams: how they are opened, and that they end with the access of whoever opened them.

use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpSocket,
};

use super::guarded;
#[cfg(feature = "failpoints")]
use crate::keyed::admin_of;
use crate::keyed::{made, with_role};
use crate::{
    app::{Setup, TestApp},
    client::{Client, answer},
    eventually::{eventually, soon},
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

#[tokio::test]
async fn a_request_that_waits_for_a_job_ends_with_its_key() {
    let app = guarded().await;
    let admin = app.admin();
    let (client, id) = made(&admin, json!({"name": "k", "role": "user"})).await;
    let body = json!({"kind": "drill.fanout", "input": {"tasks": 1, "wait_ms": 60_000}});
    let request = client
        .request(reqwest::Method::POST, "/v1/jobs")
        .json(&body);
    let waiting = tokio::spawn(answer(request.header("prefer", "wait=50")));
    let job = eventually("the job is there", || async {
        let jobs = admin.get_json("/v1/jobs").await;
        Some(jobs["items"][0]["id"].as_str()?.to_owned())
    })
    .await;
    let revoke = format!("/v1/keys/{id}/revoke");
    assert_eq!(admin.post(&revoke, &json!({})).await.status, 200);
    let since = Instant::now();
    let refused = waiting.await.unwrap();
    assert!(since.elapsed() < PROMPT, "{:?}", since.elapsed());
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (401, "unauthenticated")
    );
    assert!(!String::from_utf8_lossy(&refused.body).contains(&job));
    admin.cancel(&job).await;
    admin.finished(&job).await;
}

#[tokio::test]
async fn an_export_breaks_off_when_its_key_is_revoked() {
    const JOBS: usize = 1_000;
    // A client that does not read has a page at most on its way.
    let setup = Setup {
        auth: true,
        send_buffer_bytes: Some(4_096),
        ..Setup::default()
    };
    let app = TestApp::start_with(setup).await;
    let admin = app.admin();
    let (client, id) = made(&admin, json!({"name": "k", "role": "admin"})).await;
    let job = json!({"kind": "drill.fanout", "input": {"tasks": 1}});
    let jobs = json!({"jobs": vec![job; JOBS]});
    let batch: Value = admin.post("/v1/jobs/batch", &jobs).await.json();
    for result in batch["results"].as_array().unwrap() {
        admin.finished(result["job"]["id"].as_str().unwrap()).await;
    }
    let records = |text: &str| text.matches("\"action\":").count();
    let whole = admin.get("/v1/audit/export").await;
    assert!(records(&String::from_utf8(whole.body).unwrap()) > JOBS);

    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4_096).unwrap();
    let mut export = socket.connect(app.address).await.unwrap();
    let head = format!(
        "GET /v1/audit/export HTTP/1.1\r\nhost: localhost\r\nauthorization: Bearer {}\r\n\r\n",
        client.key()
    );
    export.write_all(head.as_bytes()).await.unwrap();
    let mut text = vec![0; 12];
    export.read_exact(&mut text).await.unwrap();
    assert_eq!(text, b"HTTP/1.1 200");
    let revoke = format!("/v1/keys/{id}/revoke");
    assert_eq!(admin.post(&revoke, &json!({})).await.status, 200);
    soon("the end of the export", export.read_to_end(&mut text))
        .await
        .unwrap();
    let text = String::from_utf8(text).unwrap();
    assert!(!text.ends_with("0\r\n\r\n"), "the export is whole");
    assert!(records(&text) <= JOBS, "{}", records(&text));
}

#[cfg(feature = "failpoints")]
#[tokio::test]
async fn causes_and_tasks_are_told_to_whoever_runs_the_server() {
    let app = TestApp::start_alone(Setup {
        auth: true,
        restarts_expected: true,
        ..Setup::default()
    })
    .await;
    let (admin, acme) = (app.admin(), admin_of(&app.admin(), "acme").await);
    let user = with_role(&admin, "user").await;
    let path = "/v1/supervision/stream";
    let (mut whole, mut bare) = (watch(&admin, path).await, watch(&user, path).await);
    admin.failpoint("perform::drill.runner", "1*panic").await;
    let job = acme.fanout(1).await;
    acme.finished(&job.id).await;
    admin.failpoint("perform::drill.runner", "off").await;
    let panicked = async |stream: &mut Watcher| {
        loop {
            let event = stream.next().await.unwrap();
            if event["type"] == "panicked" {
                return event;
            }
        }
    };
    let (whole, bare) = (panicked(&mut whole).await, panicked(&mut bare).await);
    assert!(whole["cause"].is_string(), "{whole}");
    let id = job.id.trim_start_matches("job_");
    assert!(whole["task"].to_string().contains(id), "{whole}");
    assert_eq!(whole["seq"], bare["seq"]);
    assert_eq!((bare.get("cause"), bare.get("task")), (None, None));
    let kept = async |client: &Client| {
        eventually("the panic is kept", || async {
            let page = client.get_json("/v1/supervision/events?limit=1000").await;
            let items = page["items"].as_array().unwrap().clone();
            items
                .iter()
                .any(|event| event["type"] == "panicked")
                .then_some(items)
        })
        .await
    };
    let told = |events: &[Value]| events.iter().any(|event| event.get("cause").is_some());
    assert!(told(&kept(&admin).await));
    let bare = kept(&user).await;
    assert!(!told(&bare));
    assert!(bare.iter().all(|event| event.get("task").is_none()));
}
