//! Who reads long answers: each tenant has its share of them, and who takes nothing loses its own.

use std::{num::NonZeroUsize, time::Duration};

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::{
    metric,
    stream::{STREAMS, asks_for_much, small_buffers},
};
use crate::{app::TestApp, eventually::eventually, keyed::admin_of};

const STALLED: &str = "callboard_generate_stalled_total";
const LONG: &str = "/v1/generate/customers?rows=50000";

#[tokio::test]
async fn a_tenant_that_has_its_share_of_streams_leaves_the_others_theirs() {
    let mut setup = small_buffers();
    setup.auth = true;
    setup.config.synth.streams_max = NonZeroUsize::new(3).unwrap();
    setup.config.synth.streams_of_tenant_max = NonZeroUsize::new(2).unwrap();
    let app = TestApp::start_alone(setup).await;
    let greedy = app.admin();
    let modest = admin_of(&greedy, "acme").await;
    let key = format!("Authorization: Bearer {}\r\n", greedy.key());
    let held = [
        asks_for_much(&app, &key).await,
        asks_for_much(&app, &key).await,
    ];
    eventually("both streams are open", || async {
        (metric(&greedy, STREAMS, "").await == 2.0).then_some(())
    })
    .await;
    for path in [LONG, "/v1/generate/customers?limit=5000&rows=5000"] {
        let refused = greedy.get(path).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (429, "too_many_streams"),
            "{path}"
        );
        assert!(refused.header("retry-after").is_some());
    }
    let small = greedy.get("/v1/generate/customers?rows=50").await;
    assert_eq!(small.status, 200);
    let other = modest.get(LONG).await;
    assert_eq!((other.status.as_u16(), lines(&other.body)), (200, 50_001));

    drop(held);
    eventually("the share is free again", || async {
        (greedy.get(LONG).await.status == 200).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_client_that_takes_nothing_loses_its_stream() {
    let mut setup = small_buffers();
    setup.config.synth.client_stall_max = Duration::from_secs(2);
    let app = TestApp::start_alone(setup).await;
    let client = app.client();
    let before = metric(&client, STALLED, "").await;
    let page = "GET /v1/generate/customers?rows=10000&limit=10000&format=jsonl HTTP/1.1\r\nHost: localhost\r\n\r\n";
    let stream = asks_for_much(&app, "").await;
    let mut paging = tokio::net::TcpStream::connect(app.address).await.unwrap();
    paging.write_all(page.as_bytes()).await.unwrap();
    eventually("both have a seat", || async {
        (metric(&client, STREAMS, "").await == 2.0).then_some(())
    })
    .await;
    eventually("both are let go", || async {
        let stalled = metric(&client, STALLED, "").await - before;
        (stalled == 2.0 && metric(&client, STREAMS, "").await == 0.0).then_some(())
    })
    .await;
    for mut connection in [stream, paging] {
        let mut rest = Vec::new();
        let read = connection.read_to_end(&mut rest);
        let read = tokio::time::timeout(Duration::from_secs(10), read).await;
        assert!(read.is_ok(), "the connection is still open");
        assert!(rest.starts_with(b"HTTP/1.1 200 OK"));
        assert!(!rest.ends_with(b"0\r\n\r\n") && rest.len() < 4_000_000);
    }
    assert_eq!(lines(&client.get(LONG).await.body), 50_001);
    assert_eq!(metric(&client, STALLED, "").await - before, 2.0);
}

fn lines(body: &[u8]) -> usize {
    body.iter().filter(|byte| **byte == b'\n').count()
}
