//! Somebody sets the clock.

use std::{fs, path::PathBuf};

use serde_json::{Value, json};

use super::preload;
use crate::{
    cli::desk::{Desk, SERVE, Serving},
    client::{Client, Job, answer},
};

const DAY_S: i64 = 86_400;

/// A server whose clock the test sets.
struct Jumping {
    desk: Desk,
    shim: PathBuf,
}

impl Jumping {
    fn prepare() -> Option<Self> {
        let desk = Desk::new();
        let shim = preload::build("clockjump.c", desk.path())?;
        let jumping = Self { desk, shim };
        jumping.set(0);
        Some(jumping)
    }

    /// The clock is this far from the true time, for the process that runs and for the next.
    fn set(&self, seconds: i64) {
        // Renamed into place: the clock is read at any moment.
        let fresh = self.desk.path().join("jump.new");
        fs::write(&fresh, seconds.to_string()).unwrap();
        fs::rename(fresh, self.desk.path().join("jump")).unwrap();
    }

    fn serve(&self) -> Serving {
        let mut command = self.desk.command(&SERVE);
        command
            .env("LD_PRELOAD", &self.shim)
            .env("CLOCKJUMP_FILE", self.desk.path().join("jump"));
        Serving::spawn(&mut command)
    }
}

/// A job with a deadline an hour from now that takes a moment.
async fn submit(client: &Client, wait_ms: u64) -> Job {
    let deadline = chrono::DateTime::from_timestamp(true_time_s() + 3_600, 0).unwrap();
    let body = json!({
        "kind": "drill.fanout", "input": {"tasks": 2, "wait_ms": wait_ms}, "deadline": deadline.to_rfc3339(),
    });
    let accepted = answer(
        client
            .request(reqwest::Method::POST, "/v1/jobs")
            .json(&body),
    )
    .await;
    assert_eq!(accepted.status, 202, "{accepted:?}");
    accepted.json()
}

fn true_time_s() -> i64 {
    callboard_orchestra::Timestamp::now().millis() / 1_000
}

fn times(events: &[Value]) -> Vec<&str> {
    events
        .iter()
        .map(|event| event["at"].as_str().unwrap())
        .collect()
}

#[tokio::test]
async fn a_clock_that_jumps_under_a_running_server_moves_no_deadline_and_no_event() {
    let Some(jumping) = Jumping::prepare() else {
        return;
    };
    let server = jumping.serve();
    let client = server.client();
    for jump in [DAY_S, -DAY_S, 0] {
        let before = submit(&client, 300).await;
        jumping.set(jump);
        let after = submit(&client, 0).await;
        for job in [before, after] {
            let ended = client.finished(&job.id).await;
            assert_eq!(ended.state, "succeeded", "{ended:?}");
            let events = client.events(&job.id, 100).await;
            assert!(times(&events).is_sorted(), "{events:?}");
            let off = true_time_s() - seconds(times(&events).last().unwrap());
            assert!(off.abs() < 60, "an event is {off} s off the true time");
        }
    }
    assert_eq!(server.stop(), Some(0));
}

fn seconds(at: &str) -> i64 {
    chrono::DateTime::parse_from_rfc3339(at)
        .unwrap()
        .timestamp()
}

#[tokio::test]
async fn a_server_started_under_a_clock_set_forward_fails_what_is_past_its_deadline_and_runs_the_rest()
 {
    let Some(jumping) = Jumping::prepare() else {
        return;
    };
    let server = jumping.serve();
    let client = server.client();
    let bound = submit(&client, 60_000).await;
    let free = client
        .submit("drill.fanout", json!({"tasks": 1, "wait_ms": 500}))
        .await;
    server.kill();
    jumping.set(DAY_S);
    let server = jumping.serve();
    let client = server.client();
    let bound = client.finished(&bound.id).await;
    assert_eq!(bound.state, "failed");
    assert_eq!(bound.error.unwrap()["code"], "expired");
    assert_eq!(client.finished(&free.id).await.state, "succeeded");
    server.kill();
    // Back again: the journal has later times than the clock, and everything goes on.
    jumping.set(0);
    let server = jumping.serve();
    let job = server.client().fanout(2).await;
    assert_eq!(server.client().finished(&job.id).await.state, "succeeded");
    assert_eq!(server.stop(), Some(0));
}
