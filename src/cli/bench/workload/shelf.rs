//! The waiting jobs of a server: put there in batches and counted through its lists.

use std::{
    net::SocketAddr,
    time::{Duration, Instant},
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use crate::cli::{
    bench::connection::{Connection, get, post, with_key},
    failure::Failure,
};

/// The input of every job has at least this many bytes.
pub const INPUT_BYTES: usize = 1_024;
/// Below the server's bound on a request's body at `INPUT_BYTES` a job.
const BATCH_JOBS: u32 = 500;
/// Longer than a bench takes.
const SNOOZE_MS: u64 = 3_600_000;
const PAGE_JOBS: usize = 200;
/// States of a job that is neither waiting nor over.
const ACTIVE: [&str; 5] = ["queued", "planning", "running", "aggregating", "validating"];
const ANSWER_BYTES_SHOWN: usize = 300;

pub struct Shelf {
    address: SocketAddr,
    connection: Connection,
    key: Option<String>,
}

#[derive(Deserialize)]
struct Results {
    results: Vec<Submitted>,
}

#[derive(Deserialize)]
struct Submitted {
    status: u16,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Listed>,
    next_cursor: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    id: String,
}

#[derive(Deserialize)]
struct Shown {
    input: Box<RawValue>,
}

impl Shelf {
    pub async fn open(address: SocketAddr) -> Result<Self, Failure> {
        let connection = Connection::open(address)
            .await
            .map_err(|error| Failure::Failed(format!("connect to the server: {error}")))?;
        Ok(Self {
            address,
            connection,
            key: None,
        })
    }

    /// The same, asking with an API key where there is one.
    pub fn with_key(self, key: Option<String>) -> Self {
        Self { key, ..self }
    }

    /// Submits `jobs`; answers how long that took. Errors when one is refused.
    pub async fn fill(&mut self, jobs: u32) -> Result<Duration, Failure> {
        let whole = self.batch(BATCH_JOBS.min(jobs));
        let rest = self.batch(jobs % BATCH_JOBS);
        let started = Instant::now();
        let mut left = jobs;
        while left > 0 {
            let (request, size) = if left >= BATCH_JOBS {
                (&whole, BATCH_JOBS)
            } else {
                (&rest, left)
            };
            self.submit(request, size).await?;
            left -= size;
        }
        Ok(started.elapsed())
    }

    fn batch(&self, jobs: u32) -> Vec<u8> {
        let body = format!("{{\"jobs\":[{}]}}", vec![job(); jobs as usize].join(","));
        post(self.address, "/v1/jobs/batch", None, &body)
    }

    async fn submit(&mut self, request: &[u8], size: u32) -> Result<(), Failure> {
        let results: Results = self.ask(request).await?;
        let accepted = results.results.iter().filter(|job| job.status == 202);
        let accepted = accepted.count();
        if accepted == size as usize {
            return Ok(());
        }
        Err(Failure::Failed(format!(
            "the server accepted {accepted} of {size} jobs of a batch"
        )))
    }

    pub async fn is_any_active(&mut self) -> Result<bool, Failure> {
        for state in ACTIVE {
            let path = format!("/v1/jobs?state={state}&limit=1");
            let page: Page = self.page(&path).await?;
            if !page.items.is_empty() {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// How many jobs wait.
    pub async fn waiting(&mut self) -> Result<u32, Failure> {
        let (mut count, mut cursor) = (0, String::new());
        loop {
            let path = format!("/v1/jobs?state=waiting&limit={PAGE_JOBS}{cursor}");
            let page: Page = self.page(&path).await?;
            count += page.items.len() as u32;
            match page.next_cursor {
                Some(next) => cursor = format!("&cursor={next}"),
                None => return Ok(count),
            }
        }
    }

    /// Errors when the server has kept less of a waiting job's input.
    pub async fn require_input(&mut self, bytes: usize) -> Result<(), Failure> {
        let page: Page = self.page("/v1/jobs?state=waiting&limit=1").await?;
        let Some(job) = page.items.first() else {
            return Err(Failure::Failed("no job waits".to_owned()));
        };
        let shown: Shown = self.page(&format!("/v1/jobs/{}", job.id)).await?;
        match shown.input.get().len() {
            kept if kept >= bytes => Ok(()),
            kept => Err(Failure::Failed(format!(
                "a job's input of {bytes} bytes was kept as {kept}"
            ))),
        }
    }

    async fn page<T: DeserializeOwned>(&mut self, path: &str) -> Result<T, Failure> {
        let request = get(self.address, path);
        self.ask(&request).await
    }

    /// A successful answer, read from JSON.
    pub async fn ask<T: DeserializeOwned>(&mut self, request: &[u8]) -> Result<T, Failure> {
        let keyed = self.key.as_ref().map(|key| with_key(request, key));
        let answer = self
            .connection
            .ask(keyed.as_deref().unwrap_or(request))
            .await;
        let answer =
            answer.map_err(|error| Failure::Failed(format!("lost the server: {error}")))?;
        let unexpected = || {
            let shown = &answer.body[..answer.body.len().min(ANSWER_BYTES_SHOWN)];
            Failure::Failed(format!(
                "the server answered {} with {}",
                answer.status,
                String::from_utf8_lossy(shown)
            ))
        };
        match answer.status {
            200..=299 => serde_json::from_slice(answer.body).map_err(|_| unexpected()),
            _ => Err(unexpected()),
        }
    }
}

/// A W1 job whose tasks are put off by a timer once; its note brings the input to `INPUT_BYTES`.
fn job() -> String {
    let start = format!("{{\"tasks\":4,\"snooze_ms\":{SNOOZE_MS},\"note\":\"");
    let note = "x".repeat(INPUT_BYTES - start.len() - "\"}".len());
    format!("{{\"kind\":\"drill.fanout\",\"input\":{start}{note}\"}}}}")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    #[test]
    fn a_waiting_job_has_an_input_of_the_stated_size() {
        #[derive(Deserialize)]
        struct New {
            kind: String,
            input: Box<RawValue>,
        }
        let new: New = serde_json::from_str(&job()).unwrap();
        assert_eq!(
            (new.kind.as_str(), new.input.get().len()),
            ("drill.fanout", INPUT_BYTES)
        );
        let input: Value = serde_json::from_str(new.input.get()).unwrap();
        assert_eq!([&input["tasks"], &input["snooze_ms"]], [4, SNOOZE_MS]);
    }
}
