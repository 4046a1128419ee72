//! POST /v1/keys/{id}/revoke

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::Timestamp;
use serde_json::json;

use super::{
    show::key_row,
    tenant::{self, OfTenant},
    view::KeyView,
};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query::Asked,
    responses::StoreFailures,
};

/// Revoke an API key
///
/// It stops working at once, and the streams that were opened with it end. Revoking it again changes nothing.
#[utoipa::path(
    post, path = "/v1/keys/{id}/revoke", tag = "access", operation_id = "revoke_key",
    params(("id" = String, Path, description = "Id of the key"), OfTenant),
    responses(
        (status = 200, description = "The key, revoked", body = KeyView),
        (status = 400, description = "The id is not a key id, or the query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn revoke(
    id: Path<String>,
    Asked(asked): Asked<OfTenant>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::asked(&caller, asked.tenant)?;
    let row = key_row(&desk, &tenant, &id).await?;
    let entry = caller.entry("key.revoked", row.id, json!({"name": row.name}));
    let store = desk.authority.store();
    let revoked = store.revoke_key(&row.tenant, row.id, Timestamp::now(), entry);
    if revoked.await? {
        desk.authority.changed();
    }
    let row = key_row(&desk, &tenant, &id).await?;
    Ok(HttpResponse::Ok().json(KeyView::of(&row)))
}
