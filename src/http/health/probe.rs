//! GET /health/live and GET /health/ready, for whoever restarts the process or sends it traffic.

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::coordinator::RETRY_AFTER;
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::http::{
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
};

/// A yes.
#[derive(Serialize, ToSchema)]
pub struct Probe {
    #[schema(example = "ready")]
    status: &'static str,
}

/// Is the process alive
#[utoipa::path(
    get, path = "/health/live", tag = "health", operation_id = "live",
    responses((status = 200, description = "It answers", body = Probe))
)]
pub async fn live() -> HttpResponse {
    HttpResponse::Ok().json(Probe { status: "alive" })
}

/// Does the server take jobs
#[utoipa::path(
    get, path = "/health/ready", tag = "health", operation_id = "ready",
    responses(
        (status = 200, description = "It does", body = Probe),
        (status = 503, description = "It starts, shuts down, or an arbiter does not answer. While live jobs are taken up, `current.recovery` has how many are `taken_up` of how many `found`; `found` is missing until they are counted", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn ready(desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    if desk.is_draining() {
        return Err(Problem::draining());
    }
    let detail = if !desk.universe.is_ready() {
        "the runtime is not well"
    } else if !desk.house.coordinator.is_ready() {
        "live jobs are being taken up from the journal"
    } else {
        return Ok(HttpResponse::Ok().json(Probe { status: "ready" }));
    };
    let problem = Problem::new(Kind::Unavailable, "not_ready", detail).retry_after(RETRY_AFTER);
    Err(match desk.house.coordinator.recovery() {
        Some(recovery) => problem.current(&json!({"recovery": recovery})),
        None => problem,
    })
}
