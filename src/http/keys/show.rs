//! GET /v1/keys/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};

use super::view::KeyView;
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        query,
        responses::StoreFailures,
    },
    store::KeyRow,
};

/// Show an API key
#[utoipa::path(
    get, path = "/v1/keys/{id}", tag = "access", operation_id = "show_key",
    params(("id" = String, Path, description = "Id of the key")),
    responses(
        (status = 200, description = "The key, without its secret", body = KeyView),
        (status = 400, description = "The id is not a key id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn show(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let row = key_row(&desk, &caller, &id).await?;
    Ok(HttpResponse::Ok().json(KeyView::of(&row)))
}

/// The key named in a path, if the caller's tenant has it.
pub async fn key_row(desk: &Desk, caller: &Caller, id: &str) -> Result<KeyRow, Problem> {
    let id = query::key_id(id)?;
    let found = desk.authority.store().key(&caller.tenant, id).await?;
    found.ok_or_else(Problem::no_such_key)
}
