//! POST /v1/jobs/batch

use std::fmt;

use actix_web::{
    HttpRequest, HttpResponse,
    http::StatusCode,
    web::{Data, Payload as Body},
};
use callboard_orchestra::{Submitted, Timestamp, submission::IdempotencyKey};
use futures_util::future::join_all;
use serde::{
    Deserialize, Deserializer, Serialize,
    de::{Error as _, SeqAccess, Visitor},
};
use serde_json::value::RawValue;
use utoipa::ToSchema;

use super::{batch_key::BatchKey, new_job::NewJob, room::require_room, view::JobView};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    idempotency::{self, IDEMPOTENT_REPLAYED},
    json,
};

/// Submissions in one batch.
const JOBS_MAX: usize = 1_000;

/// Jobs to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewBatch<'a> {
    /// Each accepted or refused by itself.
    #[serde(borrow, deserialize_with = "bounded")]
    #[schema(value_type = Vec<NewJob>, max_items = 1000)]
    jobs: Vec<&'a RawValue>,
}

/// What became of each submission, in their order.
#[derive(Serialize, ToSchema)]
pub struct BatchView {
    results: Vec<BatchResult>,
}

/// What became of a submission: `job` when it is accepted, else `error`.
#[derive(Serialize, ToSchema)]
pub struct BatchResult {
    /// What the submission alone would have been answered with.
    #[schema(example = 202)]
    status: u16,
    /// Without input and result.
    #[serde(skip_serializing_if = "Option::is_none")]
    job: Option<JobView>,
    /// An earlier batch under the same key made the job.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    replayed: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<ProblemBody>,
}

/// Submit up to 1,000 jobs
///
/// The answer comes when every accepted job is durable. Submissions of a batch share commits. One `Idempotency-Key`
/// stands for the whole batch: the same key with the same body gives the same jobs.
#[utoipa::path(
    post, path = "/v1/jobs/batch", tag = "jobs", operation_id = "submit_batch",
    request_body(content = NewBatch, content_type = "application/json"),
    params(
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same body makes the same jobs within 24 hours"),
    ),
    responses(
        (status = 200, description = "Every job is accepted", body = BatchView,
            headers(("Idempotent-Replayed" = Option<String>, description = "`true` when an earlier request under the key was accepted"))),
        (status = 207, description = "Some jobs are refused", body = BatchView,
            headers(("Idempotent-Replayed" = Option<String>, description = "`true` when an earlier request under the key was accepted"))),
        (status = 400, description = "The body is not JSON, or is not a list of at most 1,000 jobs", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The idempotency key cannot be read, or was used with another body", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Under an idempotency key: too many jobs are live, and none is accepted", body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, description = "Internal error", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Under an idempotency key: the server starts or shuts down, and no job is accepted", body = ProblemBody, content_type = "application/problem+json"),
        (status = 507, description = "Under an idempotency key: the disk of the store is full, and no job is accepted", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn batch(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let body = json::read_body_of(desk.limits.batch_bytes_max, body, &desk.limits).await?;
    let key = idempotency::key(&request)?;
    let NewBatch { jobs } = read(&body)?;
    let more = u64::try_from(jobs.len()).unwrap_or(u64::MAX);
    let key = key.map(|key| BatchKey::new(&key, &body));
    let name = key.as_ref().map(BatchKey::name);
    require_room(&desk, &caller, more, name).await?;
    let intake = Intake {
        desk: &desk,
        caller: &caller,
        jobs: &jobs,
    };
    let (outcomes, replayed) = match key {
        None => (intake.submit_from(0, |_| None).await, false),
        Some(key) => intake.submit_once(&key).await?,
    };
    let refused = outcomes.iter().filter(|outcome| outcome.is_err()).count();
    tracing::debug!(jobs = jobs.len(), refused, replayed, "batch taken");
    let mut response = match refused {
        0 => HttpResponse::Ok(),
        _ => HttpResponse::build(StatusCode::MULTI_STATUS),
    };
    if replayed {
        response.insert_header((IDEMPOTENT_REPLAYED, "true"));
    }
    Ok(response.json(BatchView {
        results: outcomes
            .iter()
            .map(|outcome| BatchResult::of(outcome, &caller))
            .collect(),
    }))
}

type Outcome = Result<Submitted, Problem>;

/// The submissions of one request.
struct Intake<'a> {
    desk: &'a Desk,
    caller: &'a Caller,
    jobs: &'a [&'a RawValue],
}

impl Intake<'_> {
    /// All at once from the job at `start` on, so that they share commits.
    async fn submit_from(
        &self,
        start: usize,
        key: impl Fn(usize) -> Option<IdempotencyKey>,
    ) -> Vec<Outcome> {
        join_all((start..self.jobs.len()).map(|index| self.submit(index, key(index)))).await
    }

    /// The first job accepted holds the key for the whole batch; until there is one, nothing else is submitted. Also
    /// answers whether an earlier batch holds it.
    async fn submit_once(&self, key: &BatchKey) -> Result<(Vec<Outcome>, bool), Problem> {
        let journal = self.desk.house.coordinator.journal();
        let held = journal
            .remembered(&self.caller.tenant, key.name(), Timestamp::now())
            .await?;
        if let Some(remembered) = held {
            let first = key.holder(&remembered.body_sha256)?;
            let outcomes = self.submit_from(0, |index| {
                Some(if index == first {
                    key.of_first(index)
                } else {
                    key.of(index)
                })
            });
            return Ok((outcomes.await, true));
        }
        let mut outcomes = Vec::with_capacity(self.jobs.len());
        let mut replayed = false;
        for index in 0..self.jobs.len() {
            match self.submit(index, Some(key.of_first(index))).await {
                Ok(submitted) => {
                    replayed = submitted.replayed;
                    outcomes.push(Ok(submitted));
                    break;
                }
                Err(problem) if is_of_the_job(&problem) => outcomes.push(Err(problem)),
                Err(problem) => return Err(problem),
            }
        }
        let rest = self.submit_from(outcomes.len(), |index| Some(key.of(index)));
        outcomes.extend(rest.await);
        Ok((outcomes, replayed))
    }

    async fn submit(&self, index: usize, key: Option<IdempotencyKey>) -> Outcome {
        let text = self.jobs[index].get();
        let bytes_max = self.desk.limits.body_bytes_max;
        if text.len() > bytes_max {
            return Err(json::too_large(bytes_max));
        }
        let submission = NewJob::read(text.as_bytes())?.submission(self.caller, key);
        let submitted = self.desk.house.coordinator.submit(submission).await;
        submitted.map_err(|error| self.desk.refusal(error))
    }
}

/// Whether a refusal is due to the job alone, so that the next of its batch may be accepted.
fn is_of_the_job(problem: &Problem) -> bool {
    matches!(problem.status(), 400 | 413 | 422) && problem.code() != "idempotency_mismatch"
}

impl BatchResult {
    fn of(outcome: &Outcome, caller: &Caller) -> Self {
        match outcome {
            Ok(submitted) => Self {
                status: StatusCode::ACCEPTED.as_u16(),
                job: Some(JobView::in_list(&submitted.row).seen_by(caller)),
                replayed: submitted.replayed,
                error: None,
            },
            Err(problem) => Self {
                status: problem.status(),
                job: None,
                replayed: false,
                error: Some(problem.body()),
            },
        }
    }
}

fn read(body: &[u8]) -> Result<NewBatch<'_>, Problem> {
    let refuse = |cause: &dyn fmt::Display| {
        let detail = format!("the body must be an object with a list `jobs`: {cause}");
        Problem::new(Kind::Malformed, "invalid_batch", detail)
    };
    if !json::is_object(body) {
        return Err(refuse(&"it is no object"));
    }
    serde_json::from_slice(body).map_err(|error| refuse(&error))
}

/// A list of at most `JOBS_MAX`; a longer one is given up at the first job beyond.
fn bounded<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<&'de RawValue>, D::Error> {
    struct Jobs;

    impl<'de> Visitor<'de> for Jobs {
        type Value = Vec<&'de RawValue>;

        fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
            write!(f, "a list of at most {JOBS_MAX} jobs")
        }

        fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
            let mut jobs = Vec::new();
            while let Some(job) = list.next_element()? {
                if jobs.len() == JOBS_MAX {
                    return Err(A::Error::custom(format!("more than {JOBS_MAX} jobs")));
                }
                jobs.push(job);
            }
            Ok(jobs)
        }
    }

    deserializer.deserialize_seq(Jobs)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of_jobs(count: usize) -> String {
        format!("{{\"jobs\":[{}]}}", vec!["1"; count].join(","))
    }

    #[test]
    fn a_batch_is_a_list_within_its_bound() {
        for count in [0, 1, JOBS_MAX] {
            assert_eq!(read(of_jobs(count).as_bytes()).unwrap().jobs.len(), count);
        }
        for body in [
            of_jobs(JOBS_MAX + 1).as_str(),
            "",
            "[]",
            "{}",
            r#"{"jobs":{}}"#,
            r#"{"jobs":null}"#,
            r#"{"jobs":[1}"#,
            r#"{"jobs":[],"more":1}"#,
        ] {
            let problem = read(body.as_bytes()).err().expect("refused");
            let told = (problem.status(), problem.code());
            assert_eq!(told, (400, "invalid_batch"), "{body:.40}");
        }
    }
}
