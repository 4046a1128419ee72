//! Asks the server: all questions of one look at the same time, one look after the other, and never for longer than a
//! bound. A question that has no answer spoils none of the others.

use std::time::{Duration, Instant};

use callboard::{
    answer_body::body_within,
    http::{Health, JobsPage, Usage},
};
use callboard_orchestra::Timestamp;
use callboard_runtime::TreeSnapshot;
use futures_util::{Stream, stream};
use reqwest::{RequestBuilder, StatusCode};
use serde::de::DeserializeOwned;
use tokio::time::{MissedTickBehavior, interval};

use super::{
    counters::Counters,
    plain::{Plain, plain},
    trouble::Trouble,
};
use crate::cli::{
    client::{Client, problem},
    failure::chain,
};

/// From the start of one look to the start of the next; longer where answers take longer.
pub const LOOK_EVERY: Duration = Duration::from_secs(1);
/// Patience with one answer, its body included.
const ANSWER_MAX: Duration = Duration::from_secs(3);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;
/// The newest jobs that are asked for.
const JOBS_MAX: &str = "100";
/// The counts of jobs are asked for at every so many looks: the server counts up to 50,000 rows for them.
const COUNTS_EVERY: u64 = 5;

/// What one look found.
pub struct Answers {
    pub at: Instant,
    pub wall: Timestamp,
    pub tree: Result<TreeSnapshot, Trouble>,
    pub jobs: Result<JobsPage, Trouble>,
    pub health: Result<Health, Trouble>,
    pub counters: Result<Counters, Trouble>,
    /// None where the look did not ask.
    pub usage: Option<Result<Usage, Trouble>>,
}

impl Answers {
    /// Why nothing at all was answered; None when something was.
    pub fn outage(&self) -> Option<&Trouble> {
        let tree = self.tree.as_ref().err()?;
        self.jobs.as_ref().err()?;
        self.health.as_ref().err()?;
        self.counters.as_ref().err()?;
        match &self.usage {
            Some(Ok(_)) => None,
            Some(Err(_)) | None => Some(tree),
        }
    }
}

/// Looks without end. The next look starts when the one before has been taken.
pub fn looks(client: &Client) -> impl Stream<Item = Answers> + '_ {
    let mut due = interval(LOOK_EVERY);
    due.set_missed_tick_behavior(MissedTickBehavior::Delay);
    stream::unfold((due, 0), move |(mut due, number)| async move {
        due.tick().await;
        let answers = look(client, number % COUNTS_EVERY == 0).await;
        Some((answers, (due, number + 1)))
    })
}

async fn look(client: &Client, counts: bool) -> Answers {
    let get = |path: &[&str]| client.get(path);
    let (tree, jobs, health, counters, usage) = tokio::join!(
        read(get(&["v1", "supervision"]), None),
        read(get(&["v1", "jobs"]).query(&[("limit", JOBS_MAX)]), None),
        // An unhealthy server says so with this status.
        read(
            get(&["v1", "health"]),
            Some(StatusCode::SERVICE_UNAVAILABLE)
        ),
        count(get(&["metrics"])),
        async {
            match counts {
                true => Some(read(get(&["v1", "usage"]), None).await),
                false => None,
            }
        },
    );
    Answers {
        at: Instant::now(),
        wall: Timestamp::now(),
        tree,
        jobs,
        health,
        counters,
        usage,
    }
}

/// An answer with a status of success, or `also` that.
async fn read<T: DeserializeOwned + Plain>(
    request: RequestBuilder,
    also: Option<StatusCode>,
) -> Result<T, Trouble> {
    let body = match text(request).await? {
        Ok(body) => body,
        Err(refused) => match serde_json::from_str::<T>(&refused.body) {
            Ok(answer) if also == Some(refused.status) => return Ok(answer.plain()),
            Ok(_) | Err(_) => return Err(refused.into()),
        },
    };
    let answer: T = serde_json::from_str(&body).map_err(|error| foreign(&error.to_string()))?;
    Ok(answer.plain())
}

async fn count(request: RequestBuilder) -> Result<Counters, Trouble> {
    let body = text(request).await??;
    Counters::read(&body).ok_or_else(|| foreign("its metrics are those of another program"))
}

/// An answer without success.
struct Refused {
    status: StatusCode,
    body: String,
    trouble: Trouble,
}

impl From<Refused> for Trouble {
    fn from(refused: Refused) -> Self {
        refused.trouble
    }
}

async fn text(request: RequestBuilder) -> Result<Result<String, Refused>, Trouble> {
    let lost = |error: reqwest::Error| Trouble::lost(&error);
    let response = request.timeout(ANSWER_MAX).send().await.map_err(lost)?;
    let (status, headers) = (response.status(), response.headers().clone());
    let body = body_within(response, ANSWER_BYTES_MAX)
        .await
        .map_err(lost)?;
    let body = body.ok_or_else(|| foreign("the answer is too long"))?;
    let body = String::from_utf8(body).map_err(|error| foreign(&chain(&error)))?;
    if status.is_success() {
        return Ok(Ok(body));
    }
    let trouble = problem(status, &headers, &body).into();
    Ok(Err(Refused {
        status,
        body,
        trouble,
    }))
}

/// Trouble with an answer that no server of this release gives.
fn foreign(why: &str) -> Trouble {
    Trouble::Refused {
        why: plain(&format!(
            "it does not answer like a callboard server: {why}"
        )),
        for_good: false,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli::top::fixture::{answers, silence};

    #[test]
    fn a_server_is_out_when_no_question_has_an_answer() {
        let now = Instant::now();
        assert!(silence(now).outage().is_some());
        let jobs = answers(now).jobs;
        let answered = Answers {
            jobs,
            ..silence(now)
        };
        assert!(answered.outage().is_none());
    }
}
