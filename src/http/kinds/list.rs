//! GET /v1/kinds

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::desk::Desk;

/// Every kind, by name.
#[derive(Serialize, ToSchema)]
pub struct KindsPage {
    items: Vec<KindSummary>,
}

/// A kind in one line.
#[derive(Serialize, ToSchema)]
pub struct KindSummary {
    #[schema(example = "market.compare")]
    name: &'static str,
    summary: &'static str,
}

/// List the kinds of jobs
#[utoipa::path(
    get, path = "/v1/kinds", tag = "kinds", operation_id = "list_kinds",
    responses((status = 200, description = "Every kind that can be submitted", body = KindsPage))
)]
pub async fn list(desk: Data<Desk>) -> HttpResponse {
    let kinds = desk.house.coordinator.catalog().kinds();
    let items = kinds
        .map(|kind| KindSummary {
            name: kind.name,
            summary: kind.summary,
        })
        .collect();
    HttpResponse::Ok().json(KindsPage { items })
}
