//! POST /v1/approvals/{id}/approve and POST /v1/approvals/{id}/reject

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::job::Decision;

use super::view::ApprovalView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    remark::{self, Remark},
    responses::CoordinatorFailures,
};

/// Approve
///
/// The task that asked goes on. An approval is decided once.
#[utoipa::path(
    post, path = "/v1/approvals/{id}/approve", tag = "approvals", operation_id = "approve",
    params(("id" = String, Path, description = "Id of the approval")),
    request_body(content = Option<Remark>, content_type = "application/json"),
    responses(
        (status = 200, description = "Approved, durably", body = ApprovalView),
        (status = 400, description = "The id is not an approval id, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such approval", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It was decided before; `current` is the approval as it is", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long, or the body has unknown fields", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn approve(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    decide(Decision::Approve, &request, &id, &caller, &desk, body).await
}

/// Reject
///
/// The task that asked fails, and is not tried again. An approval is decided once.
#[utoipa::path(
    post, path = "/v1/approvals/{id}/reject", tag = "approvals", operation_id = "reject",
    params(("id" = String, Path, description = "Id of the approval")),
    request_body(content = Option<Remark>, content_type = "application/json"),
    responses(
        (status = 200, description = "Rejected, durably", body = ApprovalView),
        (status = 400, description = "The id is not an approval id, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such approval", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "It was decided before; `current` is the approval as it is", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The reason is too long, or the body has unknown fields", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn reject(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    decide(Decision::Reject, &request, &id, &caller, &desk, body).await
}

async fn decide(
    decision: Decision,
    request: &HttpRequest,
    id: &str,
    caller: &Caller,
    desk: &Desk,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = query::approval_id(id)?;
    let Remark { reason } = remark::optional(request, body, desk).await?;
    let reason = remark::checked_reason(reason)?;
    let coordinator = &desk.house.coordinator;
    let decided = coordinator.decide(&caller.tenant, id, decision, &caller.author, reason);
    let row = decided.await?;
    tracing::info!(job.id = %row.job, approval.id = %id, approval.state = row.state.name(), "approval decided");
    Ok(HttpResponse::Ok().json(ApprovalView::of(&row)))
}
