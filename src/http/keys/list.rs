//! GET /v1/keys

use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{tenant, view::KeyView};
use crate::{
    auth::KeyId,
    http::{
        caller::Caller,
        cursor,
        desk::Desk,
        error::{Problem, ProblemBody},
        query::{self, Asked},
        responses::StoreFailures,
    },
};

const KEYS_DEFAULT: usize = 50;
const KEYS_MAX: usize = 200;

/// Which keys to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct KeysAsked {
    /// Keys of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
    /// Another tenant than the caller's, for callers who run the server.
    #[param(example = "acme")]
    tenant: Option<String>,
}

/// A page of keys, newest first.
#[derive(Serialize, ToSchema)]
pub struct KeysPage {
    items: Vec<KeyView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List the API keys of the tenant, newest first
///
/// Those that are revoked or have expired are among them.
#[utoipa::path(
    get, path = "/v1/keys", tag = "access", operation_id = "list_keys",
    params(KeysAsked),
    responses(
        (status = 200, description = "A page of keys", body = KeysPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(asked): Asked<KeysAsked>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let tenant = tenant::asked(&caller, asked.tenant)?;
    let limit = query::page_limit(asked.limit, KEYS_DEFAULT, KEYS_MAX)?;
    let before = asked.cursor.as_deref().map(cursor::read).transpose()?;
    let before = before.map(KeyId::from_uuid);
    let store = desk.authority.store();
    let mut rows = store.keys(&tenant, before, cursor::rows_of(limit)).await?;
    let next_cursor = cursor::cut(&mut rows, limit, |row| row.id.uuid());
    Ok(HttpResponse::Ok().json(KeysPage {
        items: rows.iter().map(KeyView::of).collect(),
        next_cursor,
    }))
}
