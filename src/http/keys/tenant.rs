//! Whose keys a request is about.

use callboard_orchestra::Tenant;
use serde::Deserialize;
use utoipa::IntoParams;

use super::grant;
use crate::{
    auth::role,
    http::{
        caller::Caller,
        error::{Kind, Problem},
    },
};

/// Whose key.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct OfTenant {
    /// Another tenant than the caller's, for callers who run the server.
    #[param(example = "acme")]
    pub tenant: Option<String>,
}

/// The tenant that a query asks about: the caller's, where it names none.
pub fn asked(caller: &Caller, tenant: Option<String>) -> Result<Tenant, Problem> {
    if tenant.as_deref().is_some_and(|name| !role::is_name(name)) {
        let detail = "tenant is no name of a tenant";
        return Err(Problem::new(Kind::Malformed, "invalid_tenant", detail).field("tenant"));
    }
    grant::tenant(caller, tenant)
}
