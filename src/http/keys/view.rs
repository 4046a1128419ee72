//! An API key as its managers see it.

use actix_web::{HttpResponse, HttpResponseBuilder, http::header::CACHE_CONTROL};
use callboard_orchestra::Timestamp;
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{KeyId, Secret},
    store::KeyRow,
};

/// An API key, without its secret.
#[derive(Serialize, ToSchema)]
#[schema(as = Key)]
pub struct KeyView {
    #[schema(value_type = String, example = "key_019c8f0e5a7c7d0bb1a2c3d4e5f60718")]
    pub id: KeyId,
    #[schema(example = "nightly import")]
    name: String,
    #[schema(example = "viewer")]
    role: String,
    #[schema(example = "default")]
    tenant: String,
    /// RFC 3339.
    created_at: String,
    /// The principal who made it.
    created_by: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
    /// To within a second or two.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_used_at: Option<String>,
    /// Until when the secret before the last rotation is good.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_expires_at: Option<String>,
}

/// An API key with its secret, which is shown this once.
#[derive(Serialize, ToSchema)]
pub struct NewSecretView {
    /// What to send as `Authorization: Bearer`.
    #[schema(example = "cb_pXf3mVqk0T4w8r1ZyNcJ2uLhEoAsBdGi6RtKvM5nQxY")]
    secret: String,
    key: KeyView,
}

impl KeyView {
    pub fn of(row: &KeyRow) -> Self {
        let told = |at: Option<Timestamp>| at.map(Timestamp::rfc3339);
        Self {
            id: row.id,
            name: row.name.clone(),
            role: row.role.clone(),
            tenant: row.tenant.to_string(),
            created_at: row.created_at.rfc3339(),
            created_by: row.created_by.clone(),
            expires_at: told(row.expires_at),
            revoked_at: told(row.revoked_at),
            last_used_at: told(row.last_used_at),
            previous_expires_at: told(row.previous_expires_at),
        }
    }
}

/// Shows a secret once: nobody on the way keeps the answer.
pub fn reveal(mut response: HttpResponseBuilder, secret: &Secret, row: &KeyRow) -> HttpResponse {
    response.insert_header((CACHE_CONTROL, "no-store"));
    response.json(NewSecretView {
        secret: secret.reveal().to_owned(),
        key: KeyView::of(row),
    })
}
