//! POST /v1/jobs

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Payload as Body},
};
use callboard_orchestra::{JobId, Listening, submission::IdempotencyKey};

use super::{new_job::NewJob, room::require_room, view::JobView};
use crate::auth::Unknown;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    idempotency::{self, IDEMPOTENT_REPLAYED},
    json, observe,
    prefer::{self, PREFERENCE_APPLIED},
    turns,
};

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
        (status = 507, description = "The disk of the store is full", body = ProblemBody, content_type = "application/problem+json"),
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
    let new = NewJob::read(&body)?;
    let idempotency = idempotency::key(&request)?.map(|key| IdempotencyKey {
        key,
        body_sha256: idempotency::sha256(&body),
    });
    let key = idempotency.as_ref().map(|of| of.key.as_str());
    require_room(&desk, &caller, 1, key).await?;
    let submission = new.submission(&caller, idempotency);
    let wait = prefer::wait(request.headers(), desk.limits.request_wait_max);

    let coordinator = &desk.house.coordinator;
    let submitted = match wait {
        Some(_) => coordinator.submit_and_listen(submission).await,
        None => {
            let submitted = coordinator.submit(submission).await;
            submitted.map(|submitted| (submitted, Listening::default()))
        }
    };
    let (submitted, listening) = submitted.map_err(|error| desk.refusal(error))?;
    let row = submitted.row;
    tracing::debug!(
        job.id = %row.id, job.kind = %row.kind, request.id = observe::request_id(), replayed = submitted.replayed,
        "job accepted"
    );
    let finished = match wait {
        Some(wait) => wait_for_end(&desk, &caller, row.id, wait, listening).await?,
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
        (None, Some(_)) => current(&desk, &caller, row.id)
            .await?
            .unwrap_or_else(|| JobView::of(&row).seen_by(&caller)),
        (None, None) => JobView::of(&row).seen_by(&caller),
    };
    Ok(response.json(view))
}

async fn wait_for_end(
    desk: &Desk,
    caller: &Caller,
    job: JobId,
    wait: Duration,
    listening: Listening,
) -> Result<Option<JobView>, Problem> {
    turns::leave();
    let standing = desk.authority.standing(&caller.principal);
    tokio::select! {
        biased;
        () = standing.lost() => Err(Problem::unauthenticated(&Unknown::Lost)),
        finished = desk.house.coordinator.finished(&caller.tenant, job, wait, listening) => Ok(finished?.map(|row| JobView::of(&row).seen_by(caller))),
        () = desk.draining() => Ok(None),
    }
}

async fn current(desk: &Desk, caller: &Caller, job: JobId) -> Result<Option<JobView>, Problem> {
    Ok(desk
        .house
        .coordinator
        .journal()
        .job(&caller.tenant, job)
        .await?
        .map(|row| JobView::of(&row).seen_by(caller)))
}
