//! POST /v1/jobs

use std::{collections::BTreeMap, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{self, HeaderName},
    web::{Data, Payload as Body},
};
use callboard_orchestra::{
    JobId, Payload, Submission, Tenant, Timestamp,
    submission::{IdempotencyKey, PRIORITY_DEFAULT},
};
use chrono::{DateTime, Utc};
use serde::{Deserialize, Deserializer, de::Error as _};
use sha2::{Digest, Sha256};
use utoipa::ToSchema;

use super::{
    prefer::{self, PREFERENCE_APPLIED},
    view::JobView,
};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    json, observe,
};

const IDEMPOTENCY_KEY: HeaderName = HeaderName::from_static("idempotency-key");
const IDEMPOTENT_REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");

/// A job to be done.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewJob {
    #[schema(example = "market.compare")]
    kind: String,
    /// As the schema of the kind asks.
    #[schema(value_type = Value, example = json!({"query": "Compare Sharpe ratios of AAPL, MSFT and GOOG"}))]
    input: Payload,
    /// 0 to 9, higher first.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 9, default = 5)]
    priority: Option<u8>,
    #[serde(default)]
    labels: BTreeMap<String, String>,
    /// RFC 3339. The job fails when it has not ended by then.
    #[serde(default, deserialize_with = "instant")]
    deadline: Option<DateTime<Utc>>,
}

/// Submit a job
///
/// The answer comes when the job is durable. With `Prefer: wait=N` it comes when the job has ended, or after N seconds.
#[utoipa::path(
    post, path = "/v1/jobs", tag = "jobs", operation_id = "submit_job",
    request_body(content = NewJob, content_type = "application/json"),
    params(
        ("Prefer" = Option<String>, Header, description = "`wait=N`: wait up to N seconds for the end of the job", example = "wait=10"),
        ("Idempotency-Key" = Option<String>, Header, description = "The same key with the same body makes one job within 24 hours"),
    ),
    responses(
        (status = 200, description = "The job has ended within the wait", body = JobView,
            headers(("Location" = String, description = "Path of the job"), ("Preference-Applied" = String, description = "`wait=N`"))),
        (status = 202, description = "The job is accepted", body = JobView,
            headers(("Location" = String, description = "Path of the job"), ("Idempotent-Replayed" = Option<String>, description = "`true` when an earlier request made the job"))),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The kind is unknown, the input is refused, or the idempotency key was used with another body", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many jobs are live", body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, description = "Internal error", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The server starts or shuts down", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn submit(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let body = json::read_body(body, &desk.limits).await?;
    let new: NewJob = json::parse(&body)?;
    if !json::is_object(new.input.text().as_bytes()) {
        let detail = "input must be a JSON object";
        return Err(Problem::new(Kind::Invalid, "invalid_input", detail));
    }
    let submission = Submission {
        tenant: caller.0.clone(),
        kind: new.kind,
        input: new.input,
        priority: new.priority.unwrap_or(PRIORITY_DEFAULT),
        labels: new.labels,
        deadline: new.deadline.map(Timestamp::from),
        on_exhausted: callboard_orchestra::OnExhausted::default(),
        idempotency: idempotency_key(&request, &body)?,
        request_id: Some(observe::request_id().into()),
    };
    let wait = prefer::wait(request.headers(), desk.limits.request_wait_max);

    let submitted = desk.house.coordinator.submit(submission).await?;
    let row = submitted.row;
    tracing::debug!(
        job.id = %row.id, job.kind = %row.kind, request.id = observe::request_id(), replayed = submitted.replayed,
        "job accepted"
    );
    let finished = match wait {
        Some(wait) => wait_for_end(&desk, &caller.0, row.id, wait).await?,
        None => None,
    };
    let mut response = match finished {
        Some(_) => HttpResponse::Ok(),
        None => HttpResponse::Accepted(),
    };
    response.insert_header((header::LOCATION, format!("/v1/jobs/{}", row.id)));
    if submitted.replayed {
        response.insert_header((IDEMPOTENT_REPLAYED, "true"));
    }
    let view = match (finished, wait) {
        (Some(view), wait) => {
            let seconds = wait.unwrap_or_default().as_secs();
            response.insert_header((PREFERENCE_APPLIED, format!("wait={seconds}")));
            view
        }
        (None, Some(_)) => current(&desk, &caller.0, row.id)
            .await?
            .unwrap_or_else(|| JobView::of(&row)),
        (None, None) => JobView::of(&row),
    };
    Ok(response.json(view))
}

fn instant<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<DateTime<Utc>>, D::Error> {
    let Some(text) = Option::<String>::deserialize(deserializer)? else {
        return Ok(None);
    };
    text.parse().map(Some).map_err(|_| {
        D::Error::custom(format!(
            "`{text}` is not a time such as 2026-01-31T09:30:00Z"
        ))
    })
}

async fn wait_for_end(
    desk: &Desk,
    tenant: &Tenant,
    job: JobId,
    wait: Duration,
) -> Result<Option<JobView>, Problem> {
    tokio::select! {
        finished = desk.house.coordinator.finished(tenant, job, wait) => Ok(finished?.map(|row| JobView::of(&row))),
        () = desk.draining() => Ok(None),
    }
}

async fn current(desk: &Desk, tenant: &Tenant, job: JobId) -> Result<Option<JobView>, Problem> {
    Ok(desk
        .house
        .coordinator
        .journal()
        .job(tenant, job)
        .await?
        .map(|row| JobView::of(&row)))
}

fn idempotency_key(request: &HttpRequest, body: &[u8]) -> Result<Option<IdempotencyKey>, Problem> {
    let mut keys = request.headers().get_all(IDEMPOTENCY_KEY);
    let Some(key) = keys.next() else {
        return Ok(None);
    };
    let invalid = |detail: &str| {
        Problem::new(Kind::Invalid, "invalid_idempotency_key", detail).field("Idempotency-Key")
    };
    if keys.next().is_some() {
        return Err(invalid("a request has at most one idempotency key"));
    }
    let unreadable = |_| invalid("an idempotency key consists of visible ASCII characters");
    let key = key.to_str().map_err(unreadable)?.to_owned();
    let body_sha256 = Sha256::digest(body)
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    Ok(Some(IdempotencyKey { key, body_sha256 }))
}
