//! GET /v1/keys/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::Tenant;

use super::{
    tenant::{self, OfTenant},
    view::KeyView,
};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        query::{self, Asked},
        responses::StoreFailures,
    },
    store::KeyRow,
};

/// Show an API key
#[utoipa::path(
    get, path = "/v1/keys/{id}", tag = "access", operation_id = "show_key",
    params(("id" = String, Path, description = "Id of the key"), OfTenant),
    responses(
        (status = 200, description = "The key, without its secret", body = KeyView),
        (status = 400, description = "The id is not a key id, or the query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn show(
    id: Path<String>,
    Asked(asked): Asked<OfTenant>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::asked(&caller, asked.tenant)?;
    let row = key_row(&desk, &tenant, &id).await?;
    Ok(HttpResponse::Ok().json(KeyView::of(&row)))
}

/// The key named in a path, if the tenant has it.
pub async fn key_row(desk: &Desk, tenant: &Tenant, id: &str) -> Result<KeyRow, Problem> {
    let id = query::key_id(id)?;
    let found = desk.authority.store().key(tenant, id).await?;
    found.ok_or_else(Problem::no_such_key)
}
