//! DELETE /v1/roles/{name}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::json;

use crate::{
    auth::role,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        responses::StoreFailures,
    },
    store::Removal,
};

/// Remove a role of the tenant
#[utoipa::path(
    delete, path = "/v1/roles/{name}", tag = "access", operation_id = "remove_role",
    params(("name" = String, Path, description = "Name of the role")),
    responses(
        (status = 204, description = "The role is removed"),
        (status = 404, description = "The tenant has defined no such role", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "A key or a user has the role", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn remove(
    name: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let missing = || {
        let detail = "the tenant has defined no such role";
        Problem::new(Kind::NotFound, "role_not_found", detail)
    };
    if !role::is_name(&name) {
        return Err(missing());
    }
    let entry = caller.entry("role.removed", &*name, json!({}));
    let removed = desk
        .authority
        .store()
        .remove_role(&caller.tenant, &name, entry);
    match removed.await? {
        Removal::Removed => {
            desk.authority.changed();
            Ok(HttpResponse::NoContent().finish())
        }
        Removal::InUse => {
            let detail = "a key or a user has the role";
            Err(Problem::new(Kind::Conflict, "role_in_use", detail))
        }
        Removal::Missing => Err(missing()),
    }
}
