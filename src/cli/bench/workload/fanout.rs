//! A job of kind `drill.fanout`: tasks side by side, and one that adds up their numbers.

use std::net::SocketAddr;

use serde::Deserialize;

use crate::cli::bench::{
    connection::{Answer, post},
    drive::Question,
};

/// What the server is asked to wait for a job.
const WAIT_S: u32 = 60;

#[derive(Debug, Clone, Copy)]
pub struct Fanout {
    pub tasks: u32,
    pub wait_ms: u64,
}

/// The job of `w1`.
pub const FOUR: Fanout = Fanout {
    tasks: 4,
    wait_ms: 0,
};

impl Question for Fanout {
    /// The answer comes when the job has ended.
    fn request(&self, address: SocketAddr) -> Vec<u8> {
        let Self { tasks, wait_ms } = self;
        let input = match wait_ms {
            0 => format!("{{\"tasks\":{tasks}}}"),
            _ => format!("{{\"tasks\":{tasks},\"wait_ms\":{wait_ms}}}"),
        };
        let job = format!("{{\"kind\":\"drill.fanout\",\"input\":{input}}}");
        post(address, "/v1/jobs", Some(WAIT_S), &job)
    }

    /// The job has ended, every task was run and each was counted once.
    fn is_right(&self, answer: &Answer<'_>) -> bool {
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

#[cfg(test)]
mod tests {
    use super::*;

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
