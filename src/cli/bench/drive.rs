//! Drives a server with one question over and over and checks every answer.

use std::{
    io,
    net::SocketAddr,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use tokio::time::timeout;

use super::{
    connection::{Answer, Connection, with_key},
    measure::percentile,
};
use crate::cli::failure::Failure;

/// Patience beyond the time to drive: longer than a server waits for a job.
const ANSWER_MAX: Duration = Duration::from_secs(90);

/// What is asked, and what a right answer is.
pub trait Question {
    /// The whole request; it is made once and sent as it is.
    fn request(&self, address: SocketAddr) -> Vec<u8>;
    fn is_right(&self, answer: &Answer<'_>) -> bool;
}

/// The same question, asked with an API key.
pub struct Keyed<Q> {
    pub question: Q,
    pub key: Option<String>,
}

impl<Q: Question> Question for Keyed<Q> {
    fn request(&self, address: SocketAddr) -> Vec<u8> {
        let request = self.question.request(address);
        match &self.key {
            Some(key) => with_key(&request, key),
            None => request,
        }
    }

    fn is_right(&self, answer: &Answer<'_>) -> bool {
        self.question.is_right(answer)
    }
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
    /// Right answers a second. Errors when there is none.
    pub fn per_s(&self) -> Result<f64, Failure> {
        match self.latencies.len() {
            0 => Err(Failure::Failed("no answer was right".to_owned())),
            answers => Ok(answers as f64 / self.elapsed.as_secs_f64()),
        }
    }

    /// Latency in milliseconds. Errors when no answer was right.
    pub fn latency_ms(&self, percent: usize) -> Result<f64, Failure> {
        let latencies = self
            .latencies
            .iter()
            .map(|latency| latency.as_secs_f64() * 1_000.0);
        percentile(latencies, percent)
            .ok_or_else(|| Failure::Failed("no answer was right".to_owned()))
    }
}

/// Asks from many connections at one time, each again when it has its answer: at least once, and not after `time`.
pub async fn sustained(
    address: SocketAddr,
    question: &impl Question,
    connections: u32,
    time: Duration,
) -> Result<Run, Failure> {
    let lost = |what: &str, error: io::Error| Failure::Failed(format!("{what}: {error}"));
    let opened = try_join_all((0..connections).map(|_| Connection::open(address)))
        .await
        .map_err(|error| lost("connect to the server", error))?;
    let request = question.request(address);
    let started = Instant::now();
    let end = started + time;
    let asking = opened
        .into_iter()
        .map(|connection| ask_until(connection, &request, question, end));
    let runs = timeout(time + ANSWER_MAX, try_join_all(asking))
        .await
        .map_err(|_| Failure::Failed("the server does not answer in time".to_owned()))?
        .map_err(|error| lost("lost the server", error))?;
    let mut all = Run {
        elapsed: started.elapsed(),
        ..Run::default()
    };
    for run in runs {
        all.latencies.extend(run.latencies);
        all.failed += run.failed;
    }
    Ok(all)
}

pub async fn one_at_a_time(
    address: SocketAddr,
    question: &impl Question,
    time: Duration,
) -> Result<Run, Failure> {
    sustained(address, question, 1, time).await
}

async fn ask_until(
    mut connection: Connection,
    request: &[u8],
    question: &impl Question,
    end: Instant,
) -> io::Result<Run> {
    let mut run = Run::default();
    let mut asked = Instant::now();
    loop {
        let answer = connection.ask(request).await?;
        // The end of one exchange is the start of the next: one reading of the clock for both.
        let answered = Instant::now();
        if question.is_right(&answer) {
            run.latencies.push(answered - asked);
        } else {
            run.failed += 1;
        }
        if answered >= end {
            return Ok(run);
        }
        asked = answered;
    }
}
