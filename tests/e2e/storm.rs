//! Ten thousand requests that nobody means well: none makes the server fail or tell of another tenant, and it serves on.

use futures_util::{SinkExt, StreamExt, stream};
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};
use reqwest::Method;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};
use tokio_tungstenite::tungstenite::Message;

use crate::{
    app::{Setup, TestApp},
    client::{Answer, answer},
    eventually::soon,
    neighbours::{Sender, TEXTS, THEIRS, neighbours},
    socket::Watcher,
};

const REQUESTS: usize = 8_500;
const RAW_HEADS: usize = 1_000;
const FRAMES: usize = 500;
const AT_ONCE: usize = 16;

#[derive(Debug, Clone)]
struct Hostile {
    method: &'static str,
    path: String,
    query: Vec<(&'static str, String)>,
    headers: Vec<(&'static str, Vec<u8>)>,
    body: Vec<u8>,
}

/// Texts that have broken something somewhere, and any others.
fn text() -> BoxedStrategy<String> {
    let known = prop::sample::select(vec![
        "",
        "'",
        "\"",
        "' or '1'='1",
        "1; drop table jobs --",
        "%00",
        "\u{0}",
        "../../etc/passwd",
        "..%2f..%2f",
        "${jndi:ldap://x}",
        "{{7*7}}",
        "\u{202e}abc",
        "\u{feff}",
        "-1",
        "9223372036854775808",
        "1e999",
        "NaN",
        "null",
        "job_00000000000000000000000000000000",
        THEIRS,
        THEIRS,
        "job_0198c0de00007000800000000000002a",
        "whk_0198c0de00007000800000000000002a",
        "c00000000000000000000000000000000",
        "<script>alert(1)</script>",
        "(((((((((((((((((",
        "\\",
        "\r\nx: y",
        "%",
        "_",
    ]);
    prop_oneof![3 => known.prop_map(str::to_owned), 1 => any::<String>(), 1 => "[ -~]{0,40}"]
        .boxed()
}

fn filter() -> BoxedStrategy<String> {
    let piece = prop_oneof![
        prop::sample::select(vec![
            "state",
            "kind",
            "labels.a",
            "labels.'",
            "priority",
            "created_at",
            "id",
            "type",
            "seq",
            "worker",
            "job",
            "class",
            "why",
            "attempt",
            "decided_at",
            "nope",
            "=",
            "!=",
            "<",
            ">=",
            "in",
            "!in",
            "like",
            "!like",
            "starts",
            "ends",
            "and",
            "or",
            "not",
            "(",
            ")",
            ",",
            "'failed'",
            "'%_%'",
            "\"x\"",
            "7",
            "-7",
            "99999999999999999999",
            "2026-01-01T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "'\\'",
            "!",
            ";",
        ])
        .prop_map(str::to_owned),
        text(),
    ];
    prop::collection::vec(piece, 0..12)
        .prop_map(|pieces| pieces.join(" "))
        .boxed()
}

fn json_like() -> BoxedStrategy<Vec<u8>> {
    let leaf = prop_oneof![
        text().prop_map(serde_json::Value::from),
        any::<i64>().prop_map(serde_json::Value::from),
        any::<f64>().prop_map(serde_json::Value::from),
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(serde_json::Value::from),
    ];
    let value = leaf.prop_recursive(4, 24, 4, |inner| {
        let key = prop_oneof![
            prop::sample::select(vec![
                "kind",
                "input",
                "tasks",
                "labels",
                "priority",
                "deadline",
                "jobs",
                "url",
                "event_types",
                "reason",
                "by",
                "enabled",
            ])
            .prop_map(str::to_owned),
            text(),
        ];
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(serde_json::Value::from),
            prop::collection::hash_map(key, inner, 0..5)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    });
    prop_oneof![
        4 => value.prop_map(|value| value.to_string().into_bytes()),
        1 => prop::collection::vec(any::<u8>(), 0..200),
    ]
    .boxed()
}

fn path() -> BoxedStrategy<String> {
    let patterns: Vec<&'static str> = callboard::http::OPERATIONS
        .iter()
        .map(|operation| operation.path)
        // A stream that opens does not end.
        .filter(|pattern| !pattern.ends_with("/stream"))
        .collect();
    (prop::sample::select(patterns), text(), text())
        .prop_map(|(pattern, first, second)| {
            let encode = |text: &str| match text {
                THEIRS => text.to_owned(),
                _ => text.bytes().map(|byte| format!("%{byte:02x}")).collect(),
            };
            let mut parts = [first, second].into_iter();
            pattern
                .split('/')
                .map(|part| match part.starts_with('{') {
                    true => encode(&parts.next().unwrap_or_default()),
                    false => part.to_owned(),
                })
                .collect::<Vec<_>>()
                .join("/")
        })
        .boxed()
}

fn hostile() -> BoxedStrategy<Hostile> {
    let methods = vec![
        "GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS", "PROPFIND",
    ];
    let query = prop_oneof![
        filter().prop_map(|filter| ("filter", filter)),
        (
            prop::sample::select(vec![
                "state", "kind", "limit", "cursor", "after", "fact", "job", "filter", "x"
            ]),
            text()
        ),
    ];
    let header = (
        prop::sample::select(vec![
            "idempotency-key",
            "prefer",
            "range",
            "if-none-match",
            "accept",
            "content-type",
            "x-request-id",
            "last-event-id",
            "origin",
            "authorization",
            "cookie",
            "x-forwarded-for",
            "upgrade",
        ]),
        prop_oneof![
            text().prop_map(String::into_bytes),
            prop::collection::vec(any::<u8>(), 0..60),
            Just(b"application/json".to_vec()),
            Just(b"bytes=0-".to_vec()),
        ],
    );
    (
        prop::sample::select(methods),
        path(),
        prop::collection::vec(query, 0..3),
        prop::collection::vec(header, 0..4),
        json_like(),
    )
        .prop_map(|(method, path, query, mut headers, body)| {
            headers.insert(0, ("content-type", b"application/json".to_vec()));
            Hostile {
                method,
                path,
                query,
                headers,
                body,
            }
        })
        .boxed()
}

fn drawn<T: std::fmt::Debug>(strategy: &BoxedStrategy<T>, runner: &mut TestRunner) -> T {
    strategy.new_tree(runner).unwrap().current()
}

fn text_of(answer: &Answer) -> String {
    let body = String::from_utf8_lossy(&answer.body);
    format!("{:?} {body}", answer.headers)
}

/// A header that cannot be written down is left out.
async fn send(sender: &Sender, hostile: &Hostile) -> Answer {
    let method = Method::from_bytes(hostile.method.as_bytes()).unwrap();
    let put_in = |text: &str| text.replace(THEIRS, &sender.theirs);
    let query: Vec<_> = hostile
        .query
        .iter()
        .map(|(name, value)| (*name, put_in(value)))
        .collect();
    let request = sender.client.request(method, &put_in(&hostile.path));
    let mut request = request.query(&query);
    for (name, value) in &hostile.headers {
        if let Ok(value) = reqwest::header::HeaderValue::from_bytes(value) {
            request = request.header(*name, value);
        }
    }
    let request = request.body(hostile.body.clone());
    soon("a whole answer", answer(request)).await
}

#[tokio::test]
async fn ten_thousand_hostile_requests_leave_no_failure_and_no_panic() {
    let app = TestApp::start_with(Setup {
        auth: true,
        live_jobs_expected: true,
        ..Setup::default()
    })
    .await;
    let senders = neighbours(&app).await;
    let mut runner = TestRunner::new_with_rng(
        Config::default(),
        TestRng::deterministic_rng(RngAlgorithm::ChaCha),
    );
    let kinds = hostile();
    let requests: Vec<Hostile> = (0..REQUESTS).map(|_| drawn(&kinds, &mut runner)).collect();
    let sent = || requests.iter().zip(senders.iter().cycle());
    let told: Vec<(u16, [bool; 2])> = stream::iter(sent())
        .map(async |(hostile, sender)| {
            let answered = send(sender, hostile).await;
            let text = text_of(&answered);
            (
                answered.status.as_u16(),
                TEXTS.map(|secret| text.contains(secret)),
            )
        })
        .buffered(AT_ONCE)
        .collect()
        .await;
    let mut own_told = 0;
    for ((hostile, sender), (status, has)) in sent().zip(&told) {
        assert!(*status < 500, "{status}: {hostile:?}");
        for (text, has) in TEXTS.iter().zip(has) {
            let is_own = sender.own == Some(*text);
            assert!(is_own || !has, "{text} is told to another: {hostile:?}");
            own_told += usize::from(*has);
        }
    }
    assert!(own_told > 0, "no answer has a text that others may not see");
    for status in [200, 400, 401, 403, 404, 405, 422] {
        let is_there = told.iter().any(|(answered, _)| *answered == status);
        assert!(is_there, "no {status} among the answers");
    }

    let bytes = prop_oneof![
        prop::collection::vec(any::<u8>(), 0..300),
        (text(), text()).prop_map(|(path, value)| {
            format!("GET /v1/jobs{path} HTTP/1.1\r\nhost: localhost\r\nx: {value}\r\n\r\n")
                .into_bytes()
        }),
    ]
    .boxed();
    for _ in 0..RAW_HEADS {
        let head = drawn(&bytes, &mut runner);
        let mut connection = TcpStream::connect(app.address).await.unwrap();
        // Err means that the server has had enough.
        let _ = connection.write_all(&head).await;
        let _ = connection.shutdown().await;
        let mut answered = Vec::new();
        let _ = soon(
            "an answer or the end",
            connection.read_to_end(&mut answered),
        )
        .await;
        assert!(
            !answered.starts_with(b"HTTP/1.1 5"),
            "{}",
            String::from_utf8_lossy(&head)
        );
    }

    let frames = prop_oneof![
        text().prop_map(|text| Message::Text(text.into())),
        prop::collection::vec(any::<u8>(), 0..300).prop_map(|bytes| Message::Binary(bytes.into())),
        prop::collection::vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Ping(bytes.into())),
        prop::collection::vec(any::<u8>(), 0..125).prop_map(|bytes| Message::Pong(bytes.into())),
    ]
    .boxed();
    let acme = &senders[0].client;
    let (mut left, mut sockets) = (FRAMES, 0);
    while left > 0 {
        let bearer = format!("Bearer {}", acme.key());
        let headers = [("authorization", bearer.as_str())];
        let opened = Watcher::open_with(app.address, "/v1/stream?after=0", &headers).await;
        let mut watcher = opened.unwrap_or_else(|status| panic!("{status}"));
        let first = watcher.next_kept().await.unwrap().to_string();
        assert!(
            first.contains(TEXTS[0]) && !first.contains(TEXTS[1]),
            "{first}"
        );
        let mut socket = watcher.socket;
        sockets += 1;
        while left > 0 {
            left -= 1;
            let frame = drawn(&frames, &mut runner);
            if socket.send(frame).await.is_err() {
                break;
            }
        }
        // Err means that the server has closed it already.
        let _ = socket.close(None).await;
    }
    assert!(sockets > 0);

    let job = acme.fanout(2).await;
    assert_eq!(acme.finished(&job.id).await.state, "succeeded");
}
