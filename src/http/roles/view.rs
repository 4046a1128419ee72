//! A role as clients see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::auth::Permissions;

/// A named set of permissions.
#[derive(Serialize, ToSchema)]
#[schema(as = Role)]
pub struct RoleView {
    #[schema(example = "auditor")]
    pub name: String,
    #[schema(value_type = Vec<String>, example = json!(["jobs:read", "audit:read"]))]
    pub permissions: Permissions,
    /// Every tenant has it, and nobody changes it.
    pub built_in: bool,
}
