//! GET /v1/approvals/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};

use super::view::ApprovalView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    responses::StoreFailures,
};

/// Show an approval
#[utoipa::path(
    get, path = "/v1/approvals/{id}", tag = "approvals", operation_id = "show_approval",
    params(("id" = String, Path, description = "Id of the approval")),
    responses(
        (status = 200, description = "The approval", body = ApprovalView),
        (status = 400, description = "The id is not an approval id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such approval", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn show(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = query::approval_id(&id)?;
    let journal = desk.house.coordinator.journal();
    let row = journal.approval(&caller.tenant, id).await?;
    let row = row.ok_or_else(Problem::no_such_approval)?;
    Ok(HttpResponse::Ok().json(ApprovalView::of(&row)))
}
