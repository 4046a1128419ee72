//! POST /v1/jobs/{id}/cancel

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::{JobId, shard::CancelReceipt};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    remark::Reason,
    responses::CoordinatorFailures,
};

/// What is recorded when the client gives no reason.
const REASON_DEFAULT: &str = "cancelled by the client";

/// What a cancel came to, in tasks.
#[derive(Serialize, ToSchema)]
pub struct CancelView {
    #[schema(value_type = String)]
    job: JobId,
    /// Stopped before they had succeeded.
    stopped: u32,
    /// Succeeded before the cancel.
    already_done: u32,
    /// In hand with an effect that must not be repeated: whether it took place is for a person to find out.
    unknown_outcome: u32,
}

/// Cancel a job
#[utoipa::path(
    post, path = "/v1/jobs/{id}/cancel", tag = "jobs", operation_id = "cancel_job",
    params(("id" = String, Path, description = "Id of the job")),
    request_body(content = Option<Reason>, content_type = "application/json"),
    responses(
        (status = 200, description = "The job is cancelled, durably", body = CancelView),
        (status = 400, description = "The id is not a job id, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The job has ended", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long, or the body has unknown fields", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn cancel(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = query::job_id(&id)?;
    let reason = Reason::read(&request, body, &desk, REASON_DEFAULT).await?;
    let CancelReceipt {
        stopped,
        already_done,
        unknown_outcome,
    } = desk
        .house
        .coordinator
        .cancel(&caller.tenant, id, &reason, &caller.author)
        .await?;
    tracing::info!(job.id = %id, stopped, "job cancelled");
    Ok(HttpResponse::Ok().json(CancelView {
        job: id,
        stopped,
        already_done,
        unknown_outcome,
    }))
}
