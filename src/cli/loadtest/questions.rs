//! What is asked of the server, and what a right answer is.

use std::net::SocketAddr;

use serde::{Deserialize, de::IgnoredAny};
use uuid::Uuid;

use super::{
    exchange::{Exchanged, Pool},
    profile::Class,
};
use crate::cli::bench::{
    connection::{Answer, get, post, with_header, with_key},
    drive::Question,
    workload::fanout::FOUR,
};

/// Every job has an input of this many bytes.
pub const INPUT_BYTES: usize = 1_024;
/// How long a submission asks to be waited for.
const WAIT_S: u32 = 10;
const LIST_JOBS: usize = 20;
/// Steps through the ids to read so that neighbours are not read one after another; it has no divisor that a round number
/// of ids has.
const STRIDE: u64 = 7_919;

/// A right answer.
#[derive(Debug, PartialEq, Eq)]
pub enum Right {
    Whole,
    /// A job that was accepted and has not ended yet, by its id.
    Accepted(String),
}

pub struct Questions {
    address: SocketAddr,
    key: Option<String>,
    /// Part of every idempotency key, so that runs do not meet.
    run: Uuid,
    submission: String,
    /// Ids to read; not empty.
    stock: Vec<String>,
}

#[derive(Deserialize)]
struct Shown<'a> {
    id: &'a str,
    state: &'a str,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<IgnoredAny>,
}

impl Questions {
    pub fn new(address: SocketAddr, key: Option<String>, stock: Vec<String>) -> Self {
        Self {
            address,
            key,
            run: Uuid::now_v7(),
            submission: submission(),
            stock,
        }
    }

    /// Asks the question with this number.
    pub async fn ask(&self, pool: &Pool, class: Class, number: u64) -> Exchanged<Right> {
        match class {
            Class::Read => {
                let id = self.target(number);
                let request = self.keyed(get(self.address, &format!("/v1/jobs/{id}")));
                pool.exchange(&request, |answer| is_job(answer, id)).await
            }
            Class::Submit => {
                let request = post(self.address, "/v1/jobs", Some(WAIT_S), &self.submission);
                let once = format!("load-{}-{number}", self.run.simple());
                let request = with_header(&request, "idempotency-key", &once);
                pool.exchange(&self.keyed(request), is_done_or_accepted)
                    .await
            }
            Class::List => {
                let path = format!("/v1/jobs?limit={LIST_JOBS}");
                let request = self.keyed(get(self.address, &path));
                let least = LIST_JOBS.min(self.stock.len());
                pool.exchange(&request, |answer| is_page(answer, least))
                    .await
            }
        }
    }

    /// The state of a job; None when it is not told.
    pub async fn state(&self, pool: &Pool, id: &str) -> Option<String> {
        let request = self.keyed(get(self.address, &format!("/v1/jobs/{id}")));
        let told = pool.exchange(&request, |answer| {
            let job: Shown<'_> = serde_json::from_slice(answer.body).ok()?;
            (answer.status == 200).then(|| job.state.to_owned())
        });
        told.await.outcome.ok()
    }

    fn target(&self, number: u64) -> &str {
        let at = number.wrapping_mul(STRIDE) % self.stock.len() as u64;
        &self.stock[at as usize]
    }

    fn keyed(&self, request: Vec<u8>) -> Vec<u8> {
        match &self.key {
            Some(key) => with_key(&request, key),
            None => request,
        }
    }
}

/// A W1 job; its note brings the input to `INPUT_BYTES`.
pub fn submission() -> String {
    let start = "{\"tasks\":4,\"note\":\"";
    let note = "x".repeat(INPUT_BYTES - start.len() - "\"}".len());
    format!("{{\"kind\":\"drill.fanout\",\"input\":{start}{note}\"}}}}")
}

fn is_job(answer: &Answer<'_>, id: &str) -> Option<Right> {
    let job: Shown<'_> = serde_json::from_slice(answer.body).ok()?;
    (answer.status == 200 && job.id == id).then_some(Right::Whole)
}

fn is_page(answer: &Answer<'_>, least: usize) -> Option<Right> {
    let page: Page = serde_json::from_slice(answer.body).ok()?;
    (answer.status == 200 && page.items.len() >= least).then_some(Right::Whole)
}

fn is_done_or_accepted(answer: &Answer<'_>) -> Option<Right> {
    if FOUR.is_right(answer) {
        return Some(Right::Whole);
    }
    let job: Shown<'_> = serde_json::from_slice(answer.body).ok()?;
    (answer.status == 202).then(|| Right::Accepted(job.id.to_owned()))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, value::RawValue};

    use super::*;

    fn judged(status: u16, body: &str) -> Option<Right> {
        let body = body.as_bytes();
        is_done_or_accepted(&Answer { status, body })
    }

    #[test]
    fn an_input_has_the_stated_size() {
        #[derive(Deserialize)]
        struct New {
            kind: String,
            input: Box<RawValue>,
        }
        let new: New = serde_json::from_str(&submission()).unwrap();
        assert_eq!(
            (new.kind.as_str(), new.input.get().len()),
            ("drill.fanout", INPUT_BYTES)
        );
        let input: Value = serde_json::from_str(new.input.get()).unwrap();
        assert_eq!(input["tasks"], 4);
    }

    #[test]
    fn a_submission_is_right_with_its_sum_or_when_it_is_accepted() {
        let done = r#"{"id":"j","state":"succeeded","result":{"tasks":4,"sum":10}}"#;
        assert_eq!(judged(200, done), Some(Right::Whole));
        let running = r#"{"id":"j","state":"running"}"#;
        assert_eq!(judged(202, running), Some(Right::Accepted("j".to_owned())));
        assert_eq!(judged(200, running), None);
        assert_eq!(judged(200, r#"{"id":"j","state":"failed"}"#), None);
        assert_eq!(judged(503, r#"{"code":"draining"}"#), None);
    }

    #[test]
    fn a_page_is_right_when_it_is_full_and_a_job_when_it_is_the_one() {
        let answer = |body: &'static str| Answer {
            status: 200,
            body: body.as_bytes(),
        };
        let page = answer(r#"{"items":[{},{}],"next_cursor":null}"#);
        assert_eq!(is_page(&page, 2), Some(Right::Whole));
        assert_eq!(is_page(&page, 3), None);
        let job = answer(r#"{"id":"j","state":"succeeded"}"#);
        assert_eq!(is_job(&job, "j"), Some(Right::Whole));
        assert_eq!(is_job(&job, "k"), None);
    }
}
