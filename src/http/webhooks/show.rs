//! GET and DELETE /v1/webhooks/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};

use super::view::{WebhookView, entry, no_such_webhook, read_endpoint_id};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    responses::StoreFailures,
};

/// Show a webhook
#[utoipa::path(
    get, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "show_webhook",
    params(("id" = String, Path, description = "Id of the webhook")),
    responses(
        (status = 200, description = "The webhook, without its secret", body = WebhookView),
        (status = 400, description = "The id is not the id of a webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn show(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = read_endpoint_id(&id)?;
    let found = desk.webhooks.show(&caller.tenant, id).await?;
    let row = found.ok_or_else(no_such_webhook)?;
    Ok(HttpResponse::Ok().json(WebhookView::of(&row)))
}

/// Remove a webhook
///
/// With its deliveries. One that is being sent may still arrive.
#[utoipa::path(
    delete, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "remove_webhook",
    params(("id" = String, Path, description = "Id of the webhook")),
    responses(
        (status = 204, description = "Removed"),
        (status = 400, description = "The id is not the id of a webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn remove(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = read_endpoint_id(&id)?;
    let found = desk.webhooks.show(&caller.tenant, id).await?;
    let row = found.ok_or_else(no_such_webhook)?;
    let entry = entry(&caller, "webhook.removed", id, &row.url);
    desk.webhooks.remove(id, entry).await?;
    Ok(HttpResponse::NoContent().finish())
}
