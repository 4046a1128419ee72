//! Long answers: their order, their memory, and what becomes of them when nobody reads.

use std::time::Duration;

use callboard_synth::{Request, encode, header};
use futures_util::StreamExt as _;
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::{TcpSocket, TcpStream},
};

use super::metric;
use crate::{
    app::{Setup, TestApp},
    eventually::eventually,
};

const BUFFER_BYTES: u32 = 64 * 1024;
/// Rows of a piece, and pieces that may be made ahead, some in buffers.
const PIECE_ROWS: u64 = 8_192;
const PIECES_AHEAD_MAX: u64 = 8;
/// Before a client hangs up.
const ROWS_TAKEN_MIN: u64 = 100_000;
/// In the buffers of both sockets, which the system doubles, and of the connection.
const BYTES_ON_THE_WAY_MAX: u64 = 512 * 1024;
const ROW_BYTES_MIN: u64 = 100;
/// Of the million rows a second that two cores make.
const ROWS_OF_A_CORE_IN_100_MS: u64 = 50_000;
const RSS_GROWTH_MAX_KIB: u64 = 64 * 1024;
const ROWS: &str = "callboard_generated_rows_total";
pub const STREAMS: &str = "callboard_generate_streams";

pub fn small_buffers() -> Setup {
    Setup {
        send_buffer_bytes: Some(BUFFER_BYTES),
        ..Setup::default()
    }
}

/// A connection that has asked for far more rows than it will read; `headers` are lines of their own.
pub async fn asks_for_much(app: &TestApp, headers: &str) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(BUFFER_BYTES).unwrap();
    let mut connection = socket.connect(app.address).await.unwrap();
    let request = format!(
        "GET /v1/generate/transactions?rows=90000000 HTTP/1.1\r\nHost: localhost\r\n{headers}\r\n"
    );
    connection.write_all(request.as_bytes()).await.unwrap();
    connection
}

fn resident_kib() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    line.unwrap()
        .trim()
        .trim_end_matches(" kB")
        .parse()
        .unwrap()
}

#[tokio::test]
async fn a_stream_is_the_data_set_and_any_part_of_it_is_that_part() {
    let app = TestApp::start().await;
    let client = app.client();
    let rows = 60_000;
    let request = Request {
        rows,
        seed: 9,
        ..Request::default()
    };
    let spec = request.resolve().unwrap();
    let mut expected = Vec::new();
    header(&spec, &mut expected);
    let head = expected.len();
    encode(&spec, 0..rows, &mut expected, || false).unwrap();

    let path = format!("/v1/generate/transactions?rows={rows}&seed=9");
    let whole = client.get(&path).await;
    assert_eq!(
        whole.header("content-type"),
        Some("text/csv; charset=utf-8")
    );
    assert!(whole.body == expected, "the stream is not the data set");

    let from = 12_345;
    let part = client.get(&format!("{path}&offset={from}")).await.body;
    let mut before = Vec::new();
    encode(&spec, 0..from, &mut before, || false).unwrap();
    assert!(
        part == expected[head + before.len()..],
        "the part is another"
    );

    let packed = client.get(&format!("{path}&compression=gzip")).await;
    assert_eq!(packed.header("content-type"), Some("application/gzip"));
    assert!(packed.body.len() < expected.len() / 2 && packed.body.starts_with(&[0x1f, 0x8b]));
    let columns = client.get(&format!("{path}&format=parquet")).await;
    assert!(columns.body.starts_with(b"PAR1") && columns.body.ends_with(b"PAR1"));
}

#[tokio::test]
async fn a_client_that_hangs_up_stops_the_generation() {
    let app = TestApp::start_alone(small_buffers()).await;
    let client = app.client();
    let before = metric(&client, ROWS, "transactions").await;
    let mut connection = asks_for_much(&app, "").await;
    let (mut buffer, mut taken) = (vec![0; BUFFER_BYTES as usize], 0);
    while taken < ROWS_TAKEN_MIN {
        let bytes = connection.read(&mut buffer).await.unwrap();
        assert_ne!(bytes, 0, "the stream ends by itself");
        taken += buffer[..bytes]
            .iter()
            .filter(|byte| **byte == b'\n')
            .count() as u64;
    }
    drop(connection);
    eventually("the stream is closed", || async {
        (metric(&client, STREAMS, "").await == 0.0).then_some(())
    })
    .await;
    let fence = client
        .get("/v1/generate/transactions?rows=300000&seed=3")
        .await;
    assert_eq!(
        fence.body.iter().filter(|byte| **byte == b'\n').count(),
        300_001
    );

    let made = metric(&client, ROWS, "transactions").await - before - 300_000.0;
    let cores = std::thread::available_parallelism().unwrap().get() as u64;
    let in_hand = (cores + 2) * PIECE_ROWS + BYTES_ON_THE_WAY_MAX / ROW_BYTES_MIN;
    assert!(in_hand <= cores * ROWS_OF_A_CORE_IN_100_MS);
    assert!(
        made <= (taken + in_hand) as f64,
        "{made} rows were made for a client that took {taken}"
    );
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_the_generation_back() {
    let app = TestApp::start_alone(small_buffers()).await;
    let client = app.client();
    let before = metric(&client, ROWS, "transactions").await;
    let connection = asks_for_much(&app, "").await;
    eventually("rows are being made", || async {
        (metric(&client, ROWS, "transactions").await > before).then_some(())
    })
    .await;
    let fence = client
        .get("/v1/generate/transactions?rows=500000&seed=4")
        .await;
    assert!(fence.body.ends_with(b"\n"));
    let made = metric(&client, ROWS, "transactions").await - before - 500_000.0;
    assert!(
        made <= (PIECES_AHEAD_MAX * PIECE_ROWS) as f64,
        "{made} rows wait for a client that does not read"
    );
    drop(connection);
    eventually("the stream is closed", || async {
        (metric(&client, STREAMS, "").await == 0.0).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_million_rows_take_the_memory_of_a_few_pieces() {
    let app = TestApp::start_alone(Setup::default()).await;
    let client = app.client();
    let mut growth = 0;
    // The first stream pays for threads and tables.
    for (round, rows) in [100_000, 1_000_000].into_iter().enumerate() {
        let before = resident_kib();
        let path = format!("/v1/generate/transactions?rows={rows}&seed={round}");
        let response = client.request(Method::GET, &path).send().await.unwrap();
        let (mut body, mut lines) = (response.bytes_stream(), 0);
        while let Some(piece) = body.next().await {
            lines += piece.unwrap().iter().filter(|byte| **byte == b'\n').count();
            growth = growth.max(resident_kib().saturating_sub(before));
        }
        assert_eq!(lines, rows + 1);
    }
    assert!(growth <= RSS_GROWTH_MAX_KIB, "memory grew by {growth} KiB");
}

#[tokio::test]
async fn streams_are_bounded_and_end_when_the_server_does() {
    let mut setup = small_buffers();
    setup.config.synth.streams_max = std::num::NonZeroUsize::MIN;
    let app = TestApp::start_alone(setup).await;
    let client = app.client();
    let mut connection = asks_for_much(&app, "").await;
    eventually("the stream is open", || async {
        (metric(&client, STREAMS, "").await == 1.0).then_some(())
    })
    .await;
    let refused = client.get("/v1/generate/customers?rows=50000").await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (503, "too_many_streams")
    );
    let small = client.get("/v1/generate/customers?rows=50").await;
    assert_eq!(small.status, 200);

    app.drain();
    let mut rest = Vec::new();
    let read =
        tokio::time::timeout(Duration::from_secs(10), connection.read_to_end(&mut rest)).await;
    assert!(read.is_ok(), "the stream goes on after the drain");
    assert!(
        !rest.ends_with(b"0\r\n\r\n"),
        "a stream that breaks off looks whole"
    );
}
