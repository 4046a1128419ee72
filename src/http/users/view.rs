//! A user as those who manage users see it.

use serde::Serialize;
use utoipa::ToSchema;

use crate::{auth::UserId, store::UserRow};

/// A user.
#[derive(Serialize, ToSchema)]
#[schema(as = User)]
pub struct UserView {
    #[schema(value_type = String, example = "usr_019c8f0e5a7c7d0bb1a2c3d4e5f60718")]
    id: UserId,
    #[schema(example = "kim")]
    name: String,
    #[schema(example = "user")]
    role: String,
    #[schema(example = "default")]
    tenant: String,
    /// Who is not enabled cannot log in.
    enabled: bool,
    /// RFC 3339.
    created_at: String,
    /// The principal who made the user.
    created_by: String,
}

impl UserView {
    pub fn of(row: &UserRow) -> Self {
        Self {
            id: row.id,
            name: row.name.clone(),
            role: row.role.clone(),
            tenant: row.tenant.to_string(),
            enabled: row.enabled,
            created_at: row.created_at.rfc3339(),
            created_by: row.created_by.clone(),
        }
    }
}
