//! Following jobs by websocket and SSE.

use reqwest::Method;
use serde_json::{Value, json};

use crate::{
    app::{Setup, TestApp},
    cli::desk::{Desk, SERVE, Serving},
    client::answer,
    eventually::eventually,
    socket::{End, Watcher, seqs, sse_events},
};

#[tokio::test]
async fn a_websocket_gets_every_event_in_order_and_closes_normally() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client
        .submit("drill.fanout", json!({"tasks": 100, "wait_ms": 50}))
        .await;
    let mut watcher = Watcher::open(app.address, &format!("/v1/jobs/{}/stream", job.id)).await;
    let (frames, end) = watcher.rest().await;
    assert_eq!(end, End::Closed(1000));
    assert_eq!(frames, client.events(&job.id, 1_000).await);
    assert_eq!(frames.last().unwrap()["type"], "job.succeeded");
}

#[tokio::test]
async fn a_websocket_that_reconnects_in_the_middle_of_a_job_misses_nothing() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client
        .submit("drill.fanout", json!({"tasks": 200, "wait_ms": 50}))
        .await;
    let (mut seen, mut after) = (Vec::new(), 0);
    let end = loop {
        let mut watcher = Watcher::open(
            app.address,
            &format!("/v1/jobs/{}/stream?after={after}", job.id),
        )
        .await;
        let mut taken = 0;
        let end = loop {
            match watcher.next_kept().await {
                Ok(frame) => seen.push(frame),
                Err(end) => break Some(end),
            }
            taken += 1;
            if taken == 17 {
                break None;
            }
        };
        after = seen.last().unwrap()["seq"].as_u64().unwrap();
        if let Some(end) = end {
            break end;
        }
    };
    assert_eq!(end, End::Closed(1000));
    assert_eq!(seqs(&seen), (1..=seen.len() as u64).collect::<Vec<_>>());
    assert_eq!(seen, client.events(&job.id, 1_000).await);
}

#[tokio::test]
async fn sse_has_the_events_with_ids_and_ends() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client
        .submit("drill.fanout", json!({"tasks": 10, "wait_ms": 50}))
        .await;
    let path = format!("/v1/jobs/{}/stream", job.id);
    let stream = answer(
        client
            .request(Method::GET, &path)
            .header("accept", "text/event-stream"),
    )
    .await;
    assert_eq!(
        (stream.status.as_u16(), stream.header("content-type")),
        (200, Some("text/event-stream"))
    );
    let text = String::from_utf8(stream.body).unwrap();
    let kept: Vec<_> = sse_events(&text)
        .into_iter()
        .filter(|sent| sent.id.is_some())
        .collect();
    assert!(
        kept.iter()
            .all(|sent| sent.id == Some(sent.data["seq"].to_string()))
    );
    let frames: Vec<Value> = kept.into_iter().map(|sent| sent.data).collect();
    assert_eq!(frames, client.events(&job.id, 1_000).await);
}

#[tokio::test]
async fn sse_resumes_after_the_last_event_id_and_stops_a_browser_at_the_end() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.fanout(5).await;
    client.finished(&job.id).await;
    let all = client.events(&job.id, 1_000).await;
    let path = format!("/v1/jobs/{}/stream", job.id);
    let from = |id: usize| {
        let request = client
            .request(Method::GET, &path)
            .header("accept", "text/event-stream");
        answer(request.header("last-event-id", id.to_string()))
    };
    let resumed = sse_events(&String::from_utf8(from(3).await.body).unwrap());
    assert_eq!(
        resumed
            .into_iter()
            .map(|sent| sent.data)
            .collect::<Vec<_>>(),
        all[3..]
    );
    assert_eq!(from(all.len()).await.status, 204);
}

#[tokio::test]
async fn a_finished_job_is_replayed_to_a_websocket() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.fanout(100).await;
    client.finished(&job.id).await;
    let all = client.events(&job.id, 1_000).await;
    for after in [0, 40, all.len()] {
        let mut watcher = Watcher::open(
            app.address,
            &format!("/v1/jobs/{}/stream?after={after}", job.id),
        )
        .await;
        assert_eq!(
            watcher.rest().await,
            (all[after..].to_vec(), End::Closed(1000)),
            "after {after}"
        );
    }
}

#[tokio::test]
async fn the_stream_of_all_jobs_resumes_in_the_middle_of_a_record() {
    let app = TestApp::start().await;
    let client = app.client();
    let mut live = Watcher::open(app.address, "/v1/stream").await;
    let (first, second) = (client.fanout(3).await, client.fanout(3).await);
    let mut frames = Vec::new();
    let mut ended = 0;
    while ended < 2 {
        let frame = live.next_kept().await.unwrap();
        ended += usize::from(frame["type"] == "job.succeeded");
        frames.push(frame);
    }
    for job in [&first, &second] {
        let own = frames
            .iter()
            .filter(|frame| frame["job"] == job.id.as_str())
            .cloned()
            .collect::<Vec<_>>();
        assert_eq!(seqs(&own), (1..=own.len() as u64).collect::<Vec<_>>());
    }
    let record_of_two = frames
        .windows(2)
        .any(|pair| pair[0]["pos"] == pair[1]["pos"]);
    assert!(
        record_of_two,
        "no record has two events: the test shows nothing"
    );
    for taken in 1..frames.len() {
        let (pos, seq) = (&frames[taken - 1]["pos"], &frames[taken - 1]["seq"]);
        let mut resumed =
            Watcher::open(app.address, &format!("/v1/stream?after={pos}.{seq}")).await;
        assert_eq!(
            resumed.next_kept().await.unwrap(),
            frames[taken],
            "after {pos}.{seq}"
        );
    }
}

/// A server whose jobs go as soon as they have ended: at its start, and each minute.
fn forgetful(desk: &Desk) -> Serving {
    let mut serve = desk.command(&SERVE);
    Serving::spawn(serve.env("CALLBOARD_RETENTION__ENDED_JOBS_KEPT", "1ms"))
}

#[tokio::test]
async fn a_stream_that_resumes_among_pruned_events_says_where_some_may_be_missing() {
    let desk = Desk::new();
    let server = Serving::start(&desk);
    let client = server.client();
    let kept = client
        .submit("drill.approval", json!({"why": "Stay?"}))
        .await;
    eventually("the job asks", || async {
        let shown = client.get_json(&format!("/v1/jobs/{}", kept.id)).await;
        (shown["state"] == "waiting").then_some(())
    })
    .await;
    let mut live = Watcher::open(server.address(), "/v1/stream").await;
    let gone = client.fanout(2).await;
    let last = loop {
        let frame = live.next_kept().await.unwrap();
        if frame["type"] == "job.succeeded" {
            break frame;
        }
    };
    let (pos, seq) = (last["pos"].as_u64().unwrap(), &last["seq"]);
    assert_eq!(server.stop(), Some(0));

    let server = forgetful(&desk);
    let client = server.client();
    eventually("the job is pruned", || async {
        let path = format!("/v1/jobs/{}", gone.id);
        (client.get(&path).await.status == 404).then_some(())
    })
    .await;
    let gap = |from: u64| json!({"type": "gap", "from": from, "to": pos, "reason": "pruned"});
    let address = server.address();
    let mut stream = Watcher::open(address, "/v1/stream?after=0").await;
    assert_eq!(stream.next().await, Ok(gap(1)));
    let first = stream.next_kept().await.unwrap();
    assert_eq!((&first["job"], &first["seq"]), (&json!(kept.id), &json!(1)));

    let next = client.fanout(1).await;
    let resumed = [
        (format!("{pos}"), None),
        (format!("{pos}.{seq}"), Some(pos)),
    ];
    for (after, gap_from) in resumed {
        let path = format!("/v1/stream?after={after}");
        let mut stream = Watcher::open(address, &path).await;
        if let Some(from) = gap_from {
            assert_eq!(stream.next().await, Ok(gap(from)), "after {after}");
        }
        let frame = stream.next_kept().await.unwrap();
        assert_eq!(frame["job"], next.id.as_str(), "after {after}");
    }
    let request = client.request(Method::GET, "/v1/stream?after=0");
    let mut sse = request
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    let mut text = String::new();
    while !text.contains("job.submitted") {
        text.push_str(std::str::from_utf8(&sse.chunk().await.unwrap().unwrap()).unwrap());
    }
    let sent = &sse_events(&text)[0];
    assert_eq!((&sent.id, &sent.data), (&None, &gap(1)));
}

#[tokio::test]
async fn a_drain_closes_websockets_for_a_restart_and_ends_sse() {
    let app = TestApp::start_with(Setup {
        live_jobs_expected: true,
        ..Setup::default()
    })
    .await;
    let client = app.client();
    let job = client.endless().await;
    let path = format!("/v1/jobs/{}/stream", job.id);
    let mut watchers = Vec::new();
    for path in [&path, "/v1/stream", "/v1/supervision/stream"] {
        watchers.push(Watcher::open(app.address, path).await);
    }
    let mut sse = client
        .request(Method::GET, &path)
        .header("accept", "text/event-stream")
        .send()
        .await
        .unwrap();
    let mut text = String::new();
    while !text.contains("job.submitted") {
        text.push_str(std::str::from_utf8(&sse.chunk().await.unwrap().unwrap()).unwrap());
    }
    assert_eq!(watchers[0].next_kept().await.unwrap()["seq"], 1);
    app.drain();
    for watcher in &mut watchers {
        assert_eq!(watcher.rest().await.1, End::Closed(1012));
    }
    while sse.chunk().await.unwrap().is_some() {}
    let refused = Watcher::try_open(app.address, "/v1/stream", None).await;
    assert_eq!(refused.err().map(|status| status.as_u16()), Some(503));
}

#[tokio::test]
async fn streams_beyond_the_bound_are_refused_until_one_ends() {
    let mut setup = Setup::default();
    setup.limits.seats.all_max = 1;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let first = Watcher::open(app.address, "/v1/stream").await;
    let refused = answer(client.request(Method::GET, "/v1/stream")).await;
    assert_eq!(
        (refused.status.as_u16(), refused.problem().as_str()),
        (503, "too_many_streams")
    );
    drop(first);
    eventually("the seat is free", || async {
        Watcher::try_open(app.address, "/v1/stream", None)
            .await
            .ok()
    })
    .await;
}

#[tokio::test]
async fn a_stream_that_cannot_be_is_refused_with_a_reason() {
    let app = TestApp::start().await;
    let client = app.client();
    let job = client.fanout(1).await;
    client.finished(&job.id).await;
    let path = format!("/v1/jobs/{}/stream", job.id);
    let handshake = |path: &str| {
        let upgrade = client
            .request(Method::GET, path)
            .header("upgrade", "websocket")
            .header("connection", "upgrade");
        upgrade
            .header("sec-websocket-version", "13")
            .header("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ==")
    };
    for (request, status, code) in [
        (
            client.request(Method::GET, &format!("{path}?after=x")),
            400,
            "invalid_after",
        ),
        (
            client.request(Method::GET, &format!("{path}?after=1000")),
            400,
            "invalid_after",
        ),
        (
            client.request(Method::GET, &format!("{path}?after=18446744073709551615")),
            400,
            "invalid_after",
        ),
        (
            client.request(Method::GET, "/v1/stream?after=1000"),
            400,
            "invalid_after",
        ),
        (
            client.request(Method::GET, "/v1/stream?after=9223372036854775807.1"),
            400,
            "invalid_after",
        ),
        (
            client.request(Method::GET, "/v1/stream?after=1.x"),
            400,
            "invalid_after",
        ),
        (
            client
                .request(Method::GET, &path)
                .header("accept", "application/json"),
            406,
            "not_acceptable",
        ),
        (
            client
                .request(Method::GET, &path)
                .header("upgrade", "websocket"),
            400,
            "bad_handshake",
        ),
        (
            handshake(&path).header("origin", "https://example.org"),
            403,
            "foreign_origin",
        ),
        (
            handshake("/v1/jobs/job_00000000000000000000000000000000/stream"),
            404,
            "job_not_found",
        ),
    ] {
        let refused = answer(request).await;
        assert_eq!(
            (refused.status.as_u16(), refused.problem().as_str()),
            (status, code)
        );
    }
}

#[tokio::test]
async fn a_client_that_sends_too_much_is_closed() {
    use futures_util::SinkExt;
    use tokio_tungstenite::tungstenite::Message;

    let app = TestApp::start().await;
    let mut watcher = Watcher::open(app.address, "/v1/stream").await;
    watcher
        .socket
        .send(Message::text("x".repeat(1_000)))
        .await
        .unwrap();
    watcher
        .socket
        .send(Message::Ping(vec![1, 2].into()))
        .await
        .unwrap();
    watcher
        .socket
        .send(Message::text("x".repeat(5_000)))
        .await
        .unwrap();
    assert_eq!(watcher.rest().await.1, End::Closed(1009));
}

#[tokio::test]
async fn a_stream_has_no_head_and_so_holds_no_seat_for_one() {
    let mut setup = Setup::default();
    setup.limits.seats.all_max = 1;
    let app = TestApp::start_with(setup).await;
    let client = app.client();
    let job = client.endless().await;
    let of_job = format!("/v1/jobs/{}/stream", job.id);
    for path in [&*of_job, "/v1/stream", "/v1/supervision/stream"] {
        let refused = answer(client.request(Method::HEAD, path)).await;
        assert_eq!(refused.status, 405, "{path}");
        assert_eq!(refused.header("allow"), Some("GET"), "{path}");
    }
    let opened = client.request(Method::GET, &of_job).send().await.unwrap();
    assert_eq!(opened.status(), 200);
    client.cancel(&job.id).await;
}
