//! What the process counts, for Prometheus.

use actix_web::{HttpResponse, web::Data};

use super::desk::Desk;

/// Content type of the Prometheus text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics in the Prometheus text format
#[utoipa::path(
    get, path = "/metrics", tag = "health", operation_id = "metrics",
    responses((status = 200, description = "Counters, gauges and histograms", body = String, content_type = "text/plain"))
)]
pub async fn metrics(desk: Data<Desk>) -> HttpResponse {
    metrics_process::Collector::default().collect();
    HttpResponse::Ok()
        .content_type(TEXT_FORMAT)
        .body(desk.prometheus.render())
}
