//! GET /v1/effects/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};

use super::view::EffectView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    responses::StoreFailures,
};

/// Show an effect
#[utoipa::path(
    get, path = "/v1/effects/{id}", tag = "effects", operation_id = "show_effect",
    params(("id" = String, Path, description = "Id of the effect")),
    responses(
        (status = 200, description = "The effect", body = EffectView),
        (status = 400, description = "The id is not an effect id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such effect", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn show(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = query::effect_id(&id)?;
    let journal = desk.house.coordinator.journal();
    let row = journal.effect(&caller.tenant, id).await?;
    let row = row.ok_or_else(Problem::no_such_effect)?;
    Ok(HttpResponse::Ok().json(EffectView::of(&row)))
}
