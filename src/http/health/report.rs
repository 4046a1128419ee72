//! GET /v1/health

use std::{
    future::Future,
    time::{Duration, Instant},
};

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::RecoveryProgress;
use callboard_runtime::{BreakerState, Condition, CrewVitals};
use serde::Serialize;
use utoipa::ToSchema;

use crate::http::desk::Desk;

/// A store that takes longer than this is not healthy.
const STORE_ANSWER_MAX: Duration = Duration::from_secs(2);

/// How well something is; the whole is as well as its worst part.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum Status {
    Healthy,
    Degraded,
    Unhealthy,
}

/// How well the server is.
#[derive(Serialize, ToSchema)]
pub struct Health {
    status: Status,
    components: Vec<Component>,
}

/// How well a part of the server is.
#[derive(Serialize, ToSchema)]
pub struct Component {
    #[schema(example = "crew market.analyst")]
    name: String,
    status: Status,
    #[serde(skip_serializing_if = "Option::is_none")]
    message: Option<String>,
    /// Milliseconds the check took.
    response_ms: f64,
}

type Finding = (Status, Option<String>);

/// Show how well the server is
#[utoipa::path(
    get, path = "/v1/health", tag = "health", operation_id = "health",
    responses(
        (status = 200, description = "The server is healthy or degraded", body = Health),
        (status = 503, description = "The server is unhealthy", body = Health),
    )
)]
pub async fn report(desk: Data<Desk>) -> HttpResponse {
    let mut components = vec![
        check("store".to_owned(), store(&desk)).await,
        check("coordinator".to_owned(), async { coordinator(&desk) }).await,
        check("arbiters".to_owned(), async { arbiters(&desk) }).await,
    ];
    if let Some(shared) = desk.rates.shared() {
        components.push(check("redis".to_owned(), async { redis(shared.answers()) }).await);
    }
    let mut crews: Vec<_> = desk.house.crews.values().collect();
    crews.sort_by_key(|crew| crew.role().to_owned());
    for crew in crews {
        components.push(
            check(format!("crew {}", crew.role()), async {
                crew_finding(&crew.vitals())
            })
            .await,
        );
    }
    let status = components
        .iter()
        .map(|component| component.status)
        .max()
        .unwrap_or(Status::Healthy);
    let mut response = match status {
        Status::Healthy | Status::Degraded => HttpResponse::Ok(),
        Status::Unhealthy => HttpResponse::ServiceUnavailable(),
    };
    response.json(Health { status, components })
}

async fn check(name: String, finding: impl Future<Output = Finding>) -> Component {
    let started = Instant::now();
    let (status, message) = finding.await;
    Component {
        name,
        status,
        message,
        response_ms: started.elapsed().as_secs_f64() * 1e3,
    }
}

/// Reads a row, and looks how the last commit went.
async fn store(desk: &Desk) -> Finding {
    match tokio::time::timeout(STORE_ANSWER_MAX, desk.store.probe()).await {
        Ok(Ok(())) => match desk.store.refusal() {
            Some(cause) => (
                Status::Degraded,
                Some(format!("the last commit failed: {cause}")),
            ),
            None => (Status::Healthy, None),
        },
        Ok(Err(error)) => (Status::Unhealthy, Some(error.to_string())),
        Err(_) => (
            Status::Unhealthy,
            Some(format!("no answer within {STORE_ANSWER_MAX:?}")),
        ),
    }
}

fn redis(answers: bool) -> Finding {
    if answers {
        return (Status::Healthy, None);
    }
    let message = "does not answer: this node goes by limits of its own";
    (Status::Degraded, Some(message.to_owned()))
}

fn coordinator(desk: &Desk) -> Finding {
    if desk.is_draining() {
        return (Status::Unhealthy, Some("shutting down".to_owned()));
    }
    if !desk.house.coordinator.is_ready() {
        let progress = match desk.house.coordinator.recovery() {
            Some(RecoveryProgress {
                taken_up,
                found: Some(found),
            }) => format!(": {taken_up} of {found}"),
            Some(_) | None => String::new(),
        };
        let message = format!("taking up live jobs from the journal{progress}");
        return (Status::Unhealthy, Some(message));
    }
    let admission = desk.house.coordinator.admission();
    let load = format!(
        "{} live jobs, {} unfinished tasks",
        admission.live_jobs(),
        admission.unfinished_tasks()
    );
    (Status::Healthy, Some(load))
}

fn arbiters(desk: &Desk) -> Finding {
    match desk.universe.condition() {
        Condition::Failed(cause) => (Status::Unhealthy, Some(cause)),
        Condition::Degraded(reasons) if !desk.universe.is_ready() => {
            (Status::Unhealthy, Some(reasons.join("; ")))
        }
        Condition::Degraded(_) | Condition::Sound => (Status::Healthy, None),
    }
}

fn crew_finding(crew: &CrewVitals) -> Finding {
    let because = crew
        .last_failure
        .as_ref()
        .map(|failure| format!("; last failure: {failure}"))
        .unwrap_or_default();
    match crew.breaker.state {
        BreakerState::Open => {
            let retry_s = crew.breaker.retry_after_ms as f64 / 1e3;
            (
                Status::Degraded,
                Some(format!("breaker open, next try in {retry_s:.1} s{because}")),
            )
        }
        BreakerState::HalfOpen => (
            Status::Degraded,
            Some(format!(
                "breaker half-open, one task is let through{because}"
            )),
        ),
        BreakerState::Closed if crew.paused => (Status::Degraded, Some("paused".to_owned())),
        BreakerState::Closed => (Status::Healthy, None),
    }
}
