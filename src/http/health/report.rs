//! GET /v1/health

use actix_web::{HttpResponse, web::Data};
use futures_util::future::{FutureExt, LocalBoxFuture, join_all};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::parts;
use crate::{
    health::{Component, Finding, Status, check, disk, memory, overall},
    http::{
        desk::Desk,
        error::{Problem, ProblemBody},
        query::Asked,
    },
};

/// What a provider is said to be when nobody asks it.
const NOT_ASKED: &str = "not asked; `?deep=true` asks";

/// How closely to look.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Look {
    /// Begins a write in the store, writes a file beside the artifacts, and asks Redis and providers.
    #[serde(default)]
    deep: bool,
}

/// How well the server is.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Health {
    pub status: Status,
    /// Whether the costly checks were made as well.
    pub deep: bool,
    pub components: Vec<Component>,
}

type Check<'a> = LocalBoxFuture<'a, Component>;

/// Show how well the server is
///
/// It is unhealthy when an essential component is; degraded when any component is degraded or unhealthy, or an essential one
/// unknown; healthy otherwise.
#[utoipa::path(
    get, path = "/v1/health", tag = "health", operation_id = "health",
    params(Look),
    responses(
        (status = 200, description = "The server is healthy or degraded", body = Health),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "The server is unhealthy", body = Health),
    )
)]
pub async fn report(
    Asked(Look { deep }): Asked<Look>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let components = join_all(checks(&desk, deep)).await;
    let status = overall(&components);
    let mut response = match status {
        Status::Healthy | Status::Degraded | Status::Unknown => HttpResponse::Ok(),
        Status::Unhealthy => HttpResponse::ServiceUnavailable(),
    };
    Ok(response.json(Health {
        status,
        deep,
        components,
    }))
}

/// All of them are made at the same time.
fn checks(desk: &Desk, deep: bool) -> Vec<Check<'_>> {
    let essential = |name, finding| part(desk, name, true, finding);
    let mut all = vec![
        essential("store", parts::store(desk, deep).boxed_local()),
        essential(
            "journal",
            async { parts::journal(&desk.house.coordinator.journal_vitals()) }.boxed_local(),
        ),
        essential(
            "coordinator",
            async { parts::coordinator(desk) }.boxed_local(),
        ),
        essential("arbiters", async { parts::arbiters(desk) }.boxed_local()),
        essential("disk", disk(&desk.machine).boxed_local()),
    ];
    let other = |name: String, finding| part(desk, name, false, finding);
    all.push(other(
        "artifacts".to_owned(),
        parts::artifacts(desk, deep).boxed_local(),
    ));
    all.push(other(
        "memory".to_owned(),
        async { memory(&desk.machine) }.boxed_local(),
    ));
    if let Some(shared) = desk.rates.shared() {
        let asked = parts::redis(shared.link(), deep).boxed_local();
        all.push(other("redis".to_owned(), asked));
    }
    for provider in desk.providers.all() {
        let asked = async move {
            match deep {
                true => desk.providers.ask(provider).await,
                false => Finding::unknown(NOT_ASKED),
            }
        };
        let name = format!("provider {}", provider.name);
        all.push(other(name, asked.boxed_local()));
    }
    let mut crews: Vec<_> = desk.house.crews.values().collect();
    crews.sort_by_key(|crew| crew.role());
    for crew in crews {
        let name = format!("crew {}", crew.role());
        let looked = async { parts::crew(&crew.vitals()) };
        all.push(other(name, looked.boxed_local()));
    }
    all
}

fn part<'a>(
    desk: &'a Desk,
    name: impl Into<String> + 'a,
    essential: bool,
    finding: LocalBoxFuture<'a, Finding>,
) -> Check<'a> {
    let timeout = desk.machine.config.check_timeout;
    check(name, essential, timeout, finding).boxed_local()
}
