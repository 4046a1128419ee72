//! POST /v1/effects/{id}/resolve

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::{Payload, job::Resolution};
use serde::Deserialize;
use utoipa::ToSchema;

use super::view::EffectView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    json, query, remark,
    responses::CoordinatorFailures,
};

/// What a person found out about an effect whose outcome was unknown.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ResolveRequest {
    outcome: FoundOut,
    /// The product of the task, when the effect succeeded; null when left out.
    #[serde(default)]
    #[schema(value_type = Option<Value>)]
    product: Option<Payload>,
    #[schema(max_length = 1000, example = "the bank shows the transfer")]
    #[serde(default)]
    reason: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FoundOut {
    /// It took place: the task succeeds with `product`.
    Succeeded,
    /// It took place wrongly, or must not be tried again: the task fails.
    Failed,
    /// It did not take place: the task runs again.
    Again,
}

/// Resolve an effect whose outcome is unknown
#[utoipa::path(
    post, path = "/v1/effects/{id}/resolve", tag = "effects", operation_id = "resolve_effect",
    params(("id" = String, Path, description = "Id of the effect")),
    request_body(content = ResolveRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "Resolved, durably", body = EffectView),
        (status = 400, description = "The id is not an effect id, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such effect", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The outcome is not unknown; `current` is the effect as it is", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The body does not say what happened, or says too much", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn resolve(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let id = query::effect_id(&id)?;
    json::require_json(&request)?;
    let body = json::read_body(body, &desk.limits).await?;
    let asked: ResolveRequest = json::parse(&body)?;
    let resolution = resolution(asked.outcome, asked.product)?;
    let reason = remark::checked_reason(asked.reason)?;
    let coordinator = &desk.house.coordinator;
    let resolved = coordinator.resolve(&caller.tenant, id, resolution, &caller.author, reason);
    let row = resolved.await?;
    tracing::info!(job.id = %row.job, effect.id = %id, outcome = ?asked.outcome, "effect resolved");
    Ok(HttpResponse::Ok().json(EffectView::of(&row)))
}

fn resolution(outcome: FoundOut, product: Option<Payload>) -> Result<Resolution, Problem> {
    match (outcome, product) {
        (FoundOut::Succeeded, product) => Ok(Resolution::Succeeded {
            product: product.unwrap_or_else(|| Payload::of(&()).expect("null is JSON")),
        }),
        (FoundOut::Failed, None) => Ok(Resolution::Failed),
        (FoundOut::Again, None) => Ok(Resolution::Again),
        (FoundOut::Failed | FoundOut::Again, Some(_)) => {
            let detail = "only an effect that succeeded has a product";
            Err(Problem::new(Kind::Invalid, "invalid_body", detail).field("product"))
        }
    }
}
