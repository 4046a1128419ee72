//! What the process counts, for Prometheus, and what is looked up when Prometheus asks.

use actix_web::{HttpResponse, web::Data};
use metrics::gauge;

use super::desk::Desk;
use crate::health::Memory;

/// Content type of the Prometheus text format.
const TEXT_FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";

/// Metrics in the Prometheus text format
#[utoipa::path(
    get, path = "/metrics", tag = "health", operation_id = "metrics",
    responses((status = 200, description = "Counters, gauges and histograms", body = String, content_type = "text/plain"))
)]
pub async fn metrics(desk: Data<Desk>) -> HttpResponse {
    metrics_process::Collector::default().collect();
    look(&desk);
    HttpResponse::Ok()
        .content_type(TEXT_FORMAT)
        .body(desk.prometheus.render())
}

/// Figures that nothing keeps up to date by itself.
fn look(desk: &Desk) {
    gauge!("callboard_build_info", "version" => env!("CARGO_PKG_VERSION")).set(1.0);
    gauge!("callboard_ready").set(f64::from(u8::from(desk.is_ready())));

    let admission = desk.house.coordinator.admission();
    let limits = admission.limits();
    gauge!("callboard_live_jobs").set(admission.live_jobs() as f64);
    gauge!("callboard_live_jobs_max").set(limits.live_jobs_max as f64);
    gauge!("callboard_unfinished_tasks").set(admission.unfinished_tasks() as f64);
    gauge!("callboard_unfinished_tasks_max").set(limits.tasks_max as f64);

    let connections = desk.store.connections();
    gauge!("callboard_store_connections", "state" => "in_use").set(connections.in_use as f64);
    gauge!("callboard_store_connections", "state" => "idle").set(connections.idle as f64);
    gauge!("callboard_store_connections_max").set(f64::from(connections.max));

    if let Some(memory) = Memory::of_process() {
        gauge!("callboard_memory_limit_bytes").set(memory.limit as f64);
    }
}
