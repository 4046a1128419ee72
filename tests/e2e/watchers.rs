//! Many watchers of one job, and those that do not read.

use std::time::{Duration, Instant};

use futures_util::future::join_all;
use serde_json::json;
use tokio::task::JoinHandle;

use crate::{
    app::{Setup, TestApp},
    eventually::eventually,
    socket::{End, Watcher, rest_of_seqs, seqs},
};

/// Buffers of the system, so small that a client that does not read is noticed after little.
const SEND_BUFFER_BYTES: u32 = 16 * 1024;
const RECEIVE_BUFFER_BYTES: u32 = 4 * 1024;
/// Time the server gives a client that accepts nothing, and a second to be rid of it.
const EVICTED_WITHIN: Duration = Duration::from_secs(5 + 1);
const OPENED_AT_ONCE: usize = 50;

fn small_buffers() -> Setup {
    Setup {
        send_buffer_bytes: Some(SEND_BUFFER_BYTES),
        ..Setup::default()
    }
}

/// Connections of this process whose near end is `port` and which still have a descriptor.
fn connections_at(port: u16) -> usize {
    let table = std::fs::read_to_string("/proc/net/tcp").unwrap();
    let own = format!(":{port:04X}");
    table
        .lines()
        .skip(1)
        .filter(|line| {
            let fields: Vec<&str> = line.split_whitespace().collect();
            let (local, state, inode) = (fields[1], fields[3], fields[9]);
            local.ends_with(&own) && state != "0A" && inode != "0"
        })
        .count()
}

/// Memory of this process: the server's and that of every client in it.
fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))
        .unwrap();
    line.trim().trim_end_matches(" kB").parse().unwrap()
}

/// What a reader will have read: the `seq` of every event, and how the stream ended.
type Reading = JoinHandle<(Vec<u64>, End)>;

/// `count` watchers of which every tenth never reads and the others read at once.
async fn watch(app: &TestApp, path: &str, count: usize) -> (Vec<Reading>, Vec<Watcher>) {
    let (mut readers, mut stuck) = (Vec::new(), Vec::new());
    for first in (0..count).step_by(OPENED_AT_ONCE) {
        let batch = first..(first + OPENED_AT_ONCE).min(count);
        let opened = join_all(batch.map(|index| async move {
            let never_reads = index % 10 == 0;
            let buffer = never_reads.then_some(RECEIVE_BUFFER_BYTES);
            (
                never_reads,
                Watcher::try_open(app.address, path, buffer).await.unwrap(),
            )
        }));
        for (never_reads, watcher) in opened.await {
            match never_reads {
                true => stuck.push(watcher),
                false => readers.push(tokio::spawn(rest_of_seqs(watcher))),
            }
        }
    }
    (readers, stuck)
}

#[tokio::test]
async fn a_websocket_that_never_reads_is_evicted_and_its_socket_gone() {
    let app = TestApp::start_with(small_buffers()).await;
    let client = app.client();
    let job = client
        .submit(
            "drill.fanout",
            json!({"tasks": 64, "wait_ms": 300, "payload_bytes": 10_000}),
        )
        .await;
    let path = format!("/v1/jobs/{}/stream", job.id);
    let before = connections_at(app.address.port());
    let stuck = Watcher::try_open(app.address, &path, Some(RECEIVE_BUFFER_BYTES))
        .await
        .unwrap();
    assert_eq!(connections_at(app.address.port()), before + 1);
    client.finished(&job.id).await;
    let ended_at = Instant::now();
    eventually("the socket is gone", || async {
        (connections_at(app.address.port()) <= before).then_some(())
    })
    .await;
    assert!(
        ended_at.elapsed() < EVICTED_WITHIN + Duration::from_secs(4),
        "{:?}",
        ended_at.elapsed()
    );
    drop(stuck);
    let metrics = client.get("/metrics").await;
    let metrics = String::from_utf8(metrics.body).unwrap();
    assert!(
        metrics.contains("callboard_ws_evicted_total{transport=\"websocket\"}"),
        "{metrics}"
    );
}

#[tokio::test]
async fn an_sse_client_that_never_reads_is_evicted_and_its_socket_gone() {
    use tokio::io::AsyncWriteExt;

    let app = TestApp::start_with(small_buffers()).await;
    let client = app.client();
    let job = client
        .submit(
            "drill.fanout",
            json!({"tasks": 64, "wait_ms": 300, "payload_bytes": 10_000}),
        )
        .await;
    let before = connections_at(app.address.port());
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).unwrap();
    let mut stuck = socket.connect(app.address).await.unwrap();
    let request = format!(
        "GET /v1/jobs/{}/stream HTTP/1.1\r\nhost: {}\r\n\r\n",
        job.id, app.address
    );
    stuck.write_all(request.as_bytes()).await.unwrap();
    eventually("the connection is there", || async {
        (connections_at(app.address.port()) > before).then_some(())
    })
    .await;
    client.finished(&job.id).await;
    eventually("the socket is gone", || async {
        (connections_at(app.address.port()) <= before).then_some(())
    })
    .await;
    drop(stuck);
}

#[tokio::test]
async fn a_thousand_watchers_of_which_a_hundred_never_read() {
    const WATCHERS: usize = 1_000;
    /// Of server and client together, each connection counted once. A server that kept the job's events for each
    /// watcher, 128 tasks of 3,000 bytes, would need 375 KiB for them alone.
    const KIB_PER_WATCHER_MAX: u64 = 256;

    let app = TestApp::start_alone(small_buffers()).await;
    let client = app.client();
    // Tasks come in waves of as many as the crew takes at once, with time between for everyone to read.
    let job = client
        .submit(
            "drill.fanout",
            json!({"tasks": 128, "wait_ms": 12_000, "payload_bytes": 3_000}),
        )
        .await;
    let path = format!("/v1/jobs/{}/stream", job.id);
    let before_kib = resident_kib();
    let (readers, stuck) = watch(&app, &path, WATCHERS).await;
    assert_eq!((readers.len(), stuck.len()), (900, 100));
    assert!(
        !client.show(&job.id).await.is_final(),
        "the job was over before everyone watched"
    );

    let read = join_all(readers).await;
    let grown_kib = resident_kib().saturating_sub(before_kib);
    let expected = seqs(&client.events(&job.id, 1_000).await);
    for (reader, outcome) in read.into_iter().enumerate() {
        assert_eq!(
            outcome.unwrap(),
            (expected.clone(), End::Closed(1000)),
            "reader {reader}"
        );
    }
    let ended_at = Instant::now();
    eventually("the stuck ones are gone", || async {
        (connections_at(app.address.port()) <= 2).then_some(())
    })
    .await;
    assert!(
        ended_at.elapsed() < EVICTED_WITHIN + Duration::from_secs(10),
        "{:?}",
        ended_at.elapsed()
    );
    assert!(
        grown_kib <= KIB_PER_WATCHER_MAX * WATCHERS as u64,
        "{grown_kib} KiB for {WATCHERS} watchers"
    );
    drop(stuck);
}
