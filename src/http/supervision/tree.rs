//! GET /v1/supervision

use actix_web::{HttpResponse, web::Data};

use crate::http::desk::Desk;

/// Show the supervision tree
///
/// Groups, crews and residents with their restarts; crews with queue, breaker and workers.
#[utoipa::path(
    get, path = "/v1/supervision", tag = "supervision", operation_id = "show_supervision",
    responses((status = 200, description = "The tree at this moment, from its root", body = Value,
        example = json!({"root": {"name": "root", "path": "root", "kind": "supervisor", "strategy": "one_for_one", "state": "running", "children": []}})))
)]
pub async fn tree(desk: Data<Desk>) -> HttpResponse {
    HttpResponse::Ok().json(desk.universe.tree())
}
