//! What a caller may give to others: no more than it has itself.

use callboard_orchestra::Tenant;

use crate::{
    auth::{Permission, Permissions, role},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem},
    },
    store::UserRow,
};

/// The tenant that something is made or looked for in: the caller's, or another one where the caller runs the server: is of
/// tenant `default` and may manage settings.
pub fn tenant(caller: &Caller, asked: Option<String>) -> Result<Tenant, Problem> {
    let Some(asked) = asked else {
        return Ok(caller.tenant.clone());
    };
    if !role::is_name(&asked) {
        return Err(invalid("invalid_tenant", "tenant", &asked));
    }
    let tenant = Tenant::new(asked);
    if tenant != caller.tenant && caller.tenant != Tenant::default() {
        let detail = "who belongs to a tenant deals with that tenant alone";
        return Err(Problem::new(Kind::Forbidden, "permission_denied", detail));
    }
    if tenant != caller.tenant && !caller.may(Permission::SettingsManage) {
        return Err(Problem::permission_denied(Permission::SettingsManage));
    }
    Ok(tenant)
}

/// Errors when there is no such role in the tenant, or it permits what the caller may not do.
pub async fn role(
    desk: &Desk,
    caller: &Caller,
    tenant: &Tenant,
    role: &str,
) -> Result<(), Problem> {
    match desk.authority.permissions(tenant, role).await? {
        Some(permissions) => within(caller, permissions),
        None => {
            let detail = format!("there is no role `{role}`");
            Err(Problem::new(Kind::Invalid, "unknown_role", detail).field("role"))
        }
    }
}

/// Errors when the caller may not do all of it.
pub fn within(caller: &Caller, permissions: Permissions) -> Result<(), Problem> {
    let more = permissions.without(caller.principal.permissions);
    if more == Permissions::default() {
        return Ok(());
    }
    let detail = format!("nobody gives more than they have; this permits {more} as well");
    Err(Problem::new(Kind::Forbidden, "exceeds_caller", detail))
}

/// Errors when the user may do what the caller may not.
pub async fn over(desk: &Desk, caller: &Caller, user: &UserRow) -> Result<(), Problem> {
    let permissions = desk.authority.permissions(&user.tenant, &user.role).await?;
    let more = permissions
        .unwrap_or_default()
        .without(caller.principal.permissions);
    if more == Permissions::default() {
        return Ok(());
    }
    let detail =
        format!("nobody changes a user who may do more than they; this one has {more} as well");
    Err(Problem::new(Kind::Forbidden, "exceeds_caller", detail))
}

/// A name that is not one.
pub fn invalid(code: &'static str, field: &'static str, text: &str) -> Problem {
    let detail = format!(
        "`{text}` is no name: up to 63 lower-case letters, digits, `-`, `_` and `.`, the first a letter or a digit"
    );
    Problem::new(Kind::Invalid, code, detail).field(field)
}
