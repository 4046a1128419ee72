//! POST /v1/jobs/{id}/pause and POST /v1/jobs/{id}/resume

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};

use super::view::JobView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    remark::Reason,
    responses::CoordinatorFailures,
};

/// What is recorded when the client gives no reason.
const PAUSED_DEFAULT: &str = "paused by the client";
const RESUMED_DEFAULT: &str = "resumed by the client";

/// Pause a job
///
/// Nothing more of it is handed out; what is in hand goes on and is kept.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/pause", tag = "jobs", operation_id = "pause_job",
    params(("id" = String, Path, description = "Id of the job")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The job is paused, durably", body = JobView),
        (status = 400, description = "The id is not a job id, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The job has ended, or is paused already", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long, or the body has unknown fields", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn pause(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = query::job_id(&id)?;
    let reason = Reason::read(&request, body, &desk, PAUSED_DEFAULT).await?;
    let row = desk
        .house
        .coordinator
        .pause(&caller.tenant, id, &reason, &caller.author)
        .await?;
    tracing::info!(job.id = %id, "job paused");
    Ok(HttpResponse::Ok().json(JobView::of(&row).seen_by(&caller)))
}

/// Resume a paused job
///
/// Its tasks are handed out again.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/resume", tag = "jobs", operation_id = "resume_job",
    params(("id" = String, Path, description = "Id of the job")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The job goes on", body = JobView),
        (status = 400, description = "The id is not a job id, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The job has ended, or is not paused", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long, or the body has unknown fields", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn resume(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = query::job_id(&id)?;
    let reason = Reason::read(&request, body, &desk, RESUMED_DEFAULT).await?;
    let row = desk
        .house
        .coordinator
        .resume(&caller.tenant, id, &reason, &caller.author)
        .await?;
    tracing::info!(job.id = %id, "job resumed");
    Ok(HttpResponse::Ok().json(JobView::of(&row).seen_by(&caller)))
}
