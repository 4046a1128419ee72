//! PUT /v1/roles/{name}

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::view::RoleView;
use crate::{
    auth::{Permission, Permissions, role},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        json,
        keys::grant,
        responses::BodyFailures,
    },
    store::RoleRow,
};

/// Roles that a tenant may define.
const ROLES_MAX: usize = 100;

/// What a role permits.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleGrant {
    /// None that the caller does not have.
    #[schema(max_items = 15, example = json!(["jobs:read", "audit:read"]))]
    permissions: Vec<String>,
}

/// Define a role, or change what it permits
///
/// Whoever has the role may do more or less at once.
#[utoipa::path(
    put, path = "/v1/roles/{name}", tag = "access", operation_id = "put_role",
    params(("name" = String, Path, description = "Name of the role")),
    request_body(content = RoleGrant, content_type = "application/json"),
    responses(
        (status = 200, description = "The role", body = RoleView),
        (status = 409, description = "Every tenant has a role of this name, or the tenant has too many", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn put(
    request: HttpRequest,
    name: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let grant: RoleGrant = json::parse(&json::read_body(body, &desk.limits).await?)?;
    let name = name.into_inner();
    if !role::is_name(&name) {
        return Err(grant::invalid("invalid_name", "name", &name));
    }
    if role::built_in(&name).is_some() {
        let detail = format!("every tenant has the role `{name}`, and nobody changes it");
        return Err(Problem::new(Kind::Conflict, "built_in_role", detail));
    }
    let permissions = named(&grant.permissions)?;
    grant::within(&caller, permissions)?;
    let store = desk.authority.store();
    let known = store.roles(&caller.tenant).await?;
    let is_new = known.iter().all(|role| role.name != name);
    if is_new && known.len() >= ROLES_MAX {
        let detail = format!("a tenant has at most {ROLES_MAX} roles of its own");
        return Err(Problem::new(Kind::Conflict, "too_many_roles", detail));
    }
    let entry = caller.entry("role.changed", &name, json!({"permissions": permissions}));
    let row = RoleRow { name, permissions };
    let put = store.put_role(&caller.tenant, &row, Timestamp::now(), entry);
    put.await?;
    desk.authority.changed();
    Ok(HttpResponse::Ok().json(RoleView {
        name: row.name,
        permissions,
        built_in: false,
    }))
}

fn named(names: &[String]) -> Result<Permissions, Problem> {
    let unknown = |name: &String| {
        let detail = format!("there is no permission `{name}`");
        Problem::new(Kind::Invalid, "unknown_permission", detail).field("permissions")
    };
    let permissions: Vec<Permission> = names
        .iter()
        .map(|name| Permission::named(name).ok_or_else(|| unknown(name)))
        .collect::<Result<_, _>>()?;
    Ok(Permissions::of(&permissions))
}
