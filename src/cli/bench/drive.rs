//! Drives a server with jobs and checks every answer.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use serde::Deserialize;

use super::connection::{Answer, Connection, post};
use crate::cli::failure::Failure;

/// What the server is asked to wait for a job.
const WAIT_S: u32 = 60;

/// A job of kind `drill.fanout`.
#[derive(Debug, Clone, Copy)]
pub struct Fanout {
    pub tasks: u32,
    pub wait_ms: u64,
}

impl Fanout {
    fn request(self, address: SocketAddr) -> Vec<u8> {
        let Self { tasks, wait_ms } = self;
        let input = match wait_ms {
            0 => format!("{{\"tasks\":{tasks}}}"),
            _ => format!("{{\"tasks\":{tasks},\"wait_ms\":{wait_ms}}}"),
        };
        post(
            address,
            "/v1/jobs",
            WAIT_S,
            &format!("{{\"kind\":\"drill.fanout\",\"input\":{input}}}"),
        )
    }

    /// The job has ended, every task was run and each was counted once.
    fn is_right(self, answer: &Answer<'_>) -> bool {
        let Ok(job) = serde_json::from_slice::<Finished<'_>>(answer.body) else {
            return false;
        };
        let tasks = u64::from(self.tasks);
        let expected = Tally {
            tasks: self.tasks,
            sum: tasks * (tasks + 1) / 2,
        };
        answer.status == 200 && job.state == "succeeded" && job.result == Some(expected)
    }
}

#[derive(Deserialize)]
struct Finished<'a> {
    state: &'a str,
    result: Option<Tally>,
}

#[derive(Deserialize, PartialEq, Eq)]
struct Tally {
    tasks: u32,
    sum: u64,
}

/// What came of driving.
#[derive(Debug, Default)]
pub struct Run {
    pub elapsed: Duration,
    /// Of right answers.
    pub latencies: Vec<Duration>,
    pub failed: u64,
}

impl Run {
    pub fn joined(mut self, other: Self) -> Self {
        self.elapsed += other.elapsed;
        self.latencies.extend(other.latencies);
        self.failed += other.failed;
        self
    }
}

/// Submits from many connections at one time, each its next job when the last has ended.
pub async fn sustained(
    address: SocketAddr,
    fanout: Fanout,
    connections: u32,
    time: Duration,
) -> Result<Run, Failure> {
    let lost = |error: std::io::Error| Failure::Failed(format!("connect to the server: {error}"));
    let opened = try_join_all((0..connections).map(|_| Connection::open(address)))
        .await
        .map_err(lost)?;
    let request = fanout.request(address);
    let started = Instant::now();
    let runs = opened
        .into_iter()
        .map(|connection| submit_until(connection, &request, fanout, started + time));
    let mut all = Run::default();
    for run in try_join_all(runs).await? {
        all = all.joined(run);
    }
    all.elapsed = started.elapsed();
    Ok(all)
}

pub async fn one_at_a_time(
    address: SocketAddr,
    fanout: Fanout,
    time: Duration,
) -> Result<Run, Failure> {
    sustained(address, fanout, 1, time).await
}

/// At least one job, and no new one after `end`.
async fn submit_until(
    mut connection: Connection,
    request: &[u8],
    fanout: Fanout,
    end: Instant,
) -> Result<Run, Failure> {
    let mut run = Run::default();
    loop {
        let asked = Instant::now();
        let answer = connection.ask(request).await;
        let answer =
            answer.map_err(|error| Failure::Failed(format!("lost the server: {error}")))?;
        if fanout.is_right(&answer) {
            run.latencies.push(asked.elapsed());
        } else {
            run.failed += 1;
        }
        if Instant::now() >= end {
            return Ok(run);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUR: Fanout = Fanout {
        tasks: 4,
        wait_ms: 0,
    };

    fn is_right(status: u16, body: &str) -> bool {
        FOUR.is_right(&Answer {
            status,
            body: body.as_bytes(),
        })
    }

    #[test]
    fn only_a_succeeded_job_with_the_right_sum_counts() {
        assert!(is_right(
            200,
            r#"{"id":"x","state":"succeeded","result":{"tasks":4,"sum":10}}"#
        ));
        assert!(!is_right(
            200,
            r#"{"state":"succeeded","result":{"tasks":4,"sum":11}}"#
        ));
        assert!(!is_right(200, r#"{"state":"failed"}"#));
        assert!(!is_right(
            202,
            r#"{"state":"succeeded","result":{"tasks":4,"sum":10}}"#
        ));
        assert!(!is_right(200, ""));
    }

    #[test]
    fn the_request_names_the_wait_only_when_there_is_one() {
        let address = SocketAddr::from(([127, 0, 0, 1], 1));
        let text = |fanout: Fanout| String::from_utf8(fanout.request(address)).unwrap();
        assert!(
            text(FOUR).ends_with("\r\n\r\n{\"kind\":\"drill.fanout\",\"input\":{\"tasks\":4}}")
        );
        assert!(
            text(Fanout {
                wait_ms: 200,
                ..FOUR
            })
            .contains("\"wait_ms\":200")
        );
    }
}
