//! GET /v1/roles

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use super::view::RoleView;
use crate::{
    auth::role,
    http::{caller::Caller, desk::Desk, error::Problem, responses::StoreFailures},
};

/// The roles of the tenant.
#[derive(Serialize, ToSchema)]
pub struct RolesPage {
    items: Vec<RoleView>,
}

/// List the roles of the tenant
#[utoipa::path(
    get, path = "/v1/roles", tag = "access", operation_id = "list_roles",
    responses(
        (status = 200, description = "Every role, with what it permits in this tenant", body = RolesPage),
        StoreFailures,
    )
)]
pub async fn list(caller: Caller, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let built_in = role::BUILT_IN.map(|(name, permissions)| RoleView {
        name: name.to_owned(),
        permissions: role::within(&caller.tenant, permissions),
        built_in: true,
    });
    let defined = desk.authority.store().roles(&caller.tenant).await?;
    let defined = defined.into_iter().map(|role| RoleView {
        permissions: role::within(&caller.tenant, role.permissions),
        name: role.name,
        built_in: false,
    });
    Ok(HttpResponse::Ok().json(RolesPage {
        items: built_in.into_iter().chain(defined).collect(),
    }))
}
