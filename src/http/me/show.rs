//! GET /v1/me

use actix_web::HttpResponse;
use callboard_orchestra::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Permissions,
    http::{caller::Caller, error::Problem, responses::StoreFailures},
};

/// Who the caller is.
#[derive(Serialize, ToSchema)]
pub struct Me {
    /// `key:` and the id of the key, `user:` and a name, `jwt:` and a subject, or `anonymous`.
    #[schema(example = "user:kim")]
    principal: String,
    #[schema(example = "default")]
    tenant: String,
    #[schema(example = "viewer")]
    role: String,
    /// What the caller may do.
    #[schema(value_type = Vec<String>, example = json!(["jobs:read", "metrics:read"]))]
    permissions: Permissions,
    /// When what the caller sent ends by itself.
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<String>,
}

/// Show who the caller is and what it may do
#[utoipa::path(
    get, path = "/v1/me", tag = "access", operation_id = "me",
    responses((status = 200, description = "The caller", body = Me), StoreFailures)
)]
pub async fn me(caller: Caller) -> Result<HttpResponse, Problem> {
    let principal = &caller.principal;
    Ok(HttpResponse::Ok().json(Me {
        principal: principal.name.to_string(),
        tenant: principal.tenant.to_string(),
        role: principal.roles.to_string(),
        permissions: principal.permissions,
        until: principal.until.map(Timestamp::rfc3339),
    }))
}
