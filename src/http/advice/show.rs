//! GET /v1/advice

use std::{collections::BTreeMap, time::Duration};

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    advice::{KindCost, RoleCost, Suggestion, costs},
    http::desk::Desk,
};

/// Where the time of tasks went since the server started. No prices are known: time is the cost.
#[derive(Serialize, ToSchema)]
pub struct Advice {
    /// When the server started to count.
    since: String,
    /// Time of all attempts, in milliseconds.
    task_ms: f64,
    /// Roles that had attempts, the most expensive first.
    roles: Vec<RoleView>,
    /// Kinds that had jobs or refused submissions, the most expensive first.
    kinds: Vec<KindView>,
}

/// What a role costs.
#[derive(Serialize, ToSchema)]
#[schema(as = RoleCost)]
struct RoleView {
    #[schema(example = "market.analyst")]
    role: String,
    task_ms: f64,
    /// Part of the time of all attempts.
    share: f64,
    attempts: u64,
    median_run_ms: f64,
    /// In the crew's queue.
    median_wait_ms: f64,
    /// Time in the crew's queue, of all attempts together.
    wait_ms: f64,
    /// Time of attempts that came to nothing.
    wasted_ms: f64,
    suggestions: Vec<SuggestionView>,
}

/// What a kind costs.
#[derive(Serialize, ToSchema)]
#[schema(as = KindCost)]
struct KindView {
    #[schema(example = "market.compare")]
    kind: String,
    task_ms: f64,
    /// Part of the time of all attempts.
    share: f64,
    /// That succeeded or failed.
    jobs: u64,
    failed: u64,
    /// Submissions whose input was not admitted.
    refused: u64,
    /// From submission to end.
    median_latency_ms: f64,
    suggestions: Vec<SuggestionView>,
}

/// One thing that could be done.
#[derive(Serialize, ToSchema)]
#[schema(as = Suggestion)]
struct SuggestionView {
    /// Which rule it comes from.
    #[schema(example = "waits_for_workers")]
    code: &'static str,
    text: String,
    /// The key of the configuration that it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "roles.\"market.analyst\".workers")]
    setting: Option<String>,
    /// What it rests on, with units in the names.
    #[schema(example = json!({"median_wait_ms": 2000.0, "median_run_ms": 300.0, "workers": 2.0}))]
    figures: BTreeMap<&'static str, f64>,
}

/// Show what costs most and what could be done about it
///
/// Figures are of the whole server, whatever tenant jobs are of, since it started.
#[utoipa::path(
    get, path = "/v1/advice", tag = "health", operation_id = "show_advice",
    responses((status = 200, description = "Roles and kinds by the time they cost, with suggestions", body = Advice))
)]
pub async fn advice(desk: Data<Desk>) -> HttpResponse {
    let costs = costs(&desk.house);
    let whole = costs.task_time;
    let (roles, kinds) = (costs.roles.iter(), costs.kinds.iter());
    HttpResponse::Ok().json(Advice {
        since: costs.since.rfc3339(),
        task_ms: millis(whole),
        roles: roles.map(|cost| RoleView::of(cost, whole)).collect(),
        kinds: kinds.map(|cost| KindView::of(cost, whole)).collect(),
    })
}

impl RoleView {
    fn of(cost: &RoleCost, whole: Duration) -> Self {
        Self {
            role: cost.role.to_string(),
            task_ms: millis(cost.task_time),
            share: share(cost.task_time, whole),
            attempts: cost.attempts,
            median_run_ms: millis(cost.median_run),
            median_wait_ms: millis(cost.median_wait),
            wait_ms: millis(cost.wait_time),
            wasted_ms: millis(cost.wasted_time),
            suggestions: cost.suggestions.iter().map(SuggestionView::of).collect(),
        }
    }
}

impl KindView {
    fn of(cost: &KindCost, whole: Duration) -> Self {
        Self {
            kind: cost.kind.to_string(),
            task_ms: millis(cost.task_time),
            share: share(cost.task_time, whole),
            jobs: cost.jobs,
            failed: cost.failed,
            refused: cost.refused,
            median_latency_ms: millis(cost.median_latency),
            suggestions: cost.suggestions.iter().map(SuggestionView::of).collect(),
        }
    }
}

impl SuggestionView {
    fn of(suggestion: &Suggestion) -> Self {
        let figures = suggestion.figures.iter();
        Self {
            code: suggestion.code,
            text: suggestion.text.clone(),
            setting: suggestion.setting.clone(),
            figures: figures.map(|figure| (figure.name, figure.value)).collect(),
        }
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

/// Of nothing it is 0. Counts are read one after the other, so a part may have grown beyond its whole.
fn share(part: Duration, whole: Duration) -> f64 {
    match whole.is_zero() {
        true => 0.0,
        false => part.div_duration_f64(whole).min(1.0),
    }
}
