//! GET /v1/webhooks/{id}/deliveries and POST /v1/webhooks/{id}/deliveries/{delivery}/replay

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    list::Page,
    view::{DeliveryView, entry, no_such_webhook, read_delivery_id, read_endpoint_id},
};
use crate::http::{
    caller::Caller,
    cursor,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    query::Asked,
    responses::StoreFailures,
};

/// A page of deliveries, newest first.
#[derive(Serialize, ToSchema)]
pub struct DeliveriesPage {
    items: Vec<DeliveryView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List deliveries of a webhook, newest first
#[utoipa::path(
    get, path = "/v1/webhooks/{id}/deliveries", tag = "webhooks", operation_id = "list_deliveries",
    params(("id" = String, Path, description = "Id of the webhook"), Page),
    responses(
        (status = 200, description = "A page of deliveries", body = DeliveriesPage),
        (status = 400, description = "The id is not the id of a webhook, or the query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn deliveries(
    id: Path<String>,
    Asked(page): Asked<Page>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = read_endpoint_id(&id)?;
    let (limit, before) = page.bounds()?;
    let found = desk.webhooks.show(&caller.tenant, id).await?;
    found.ok_or_else(no_such_webhook)?;
    let wanted = cursor::rows_of(limit);
    let mut rows = desk.webhooks.deliveries(id, before, wanted).await?;
    let next_cursor = cursor::cut(&mut rows, limit, |row| row.id);
    Ok(HttpResponse::Ok().json(DeliveriesPage {
        items: rows.iter().map(DeliveryView::of).collect(),
        next_cursor,
    }))
}

/// Send a delivery again
///
/// It keeps its `webhook-id`, whether it was delivered or not.
#[utoipa::path(
    post, path = "/v1/webhooks/{id}/deliveries/{delivery}/replay", tag = "webhooks", operation_id = "replay_delivery",
    params(
        ("id" = String, Path, description = "Id of the webhook"),
        ("delivery" = String, Path, description = "Id of the delivery")
    ),
    responses(
        (status = 202, description = "It is sent again", body = DeliveryView),
        (status = 400, description = "An id is none", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook or delivery", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn replay(
    ids: Path<(String, String)>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let (id, delivery) = (read_endpoint_id(&ids.0)?, read_delivery_id(&ids.1)?);
    let found = desk.webhooks.show(&caller.tenant, id).await?;
    let endpoint = found.ok_or_else(no_such_webhook)?;
    let now = Timestamp::now();
    let give_up_at = now.plus(desk.limits.webhook_retry_for);
    let entry = entry(&caller, "webhook.replayed", id, &endpoint.url);
    let replayed = desk.webhooks.replay(id, delivery, now, give_up_at, entry);
    let row = replayed
        .await?
        .ok_or_else(|| Problem::new(Kind::NotFound, "delivery_not_found", "no such delivery"))?;
    desk.wake_webhooks.notify_one();
    Ok(HttpResponse::Accepted().json(DeliveryView::of(&row)))
}
