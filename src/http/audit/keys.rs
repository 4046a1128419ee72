//! GET /v1/audit/keys

use actix_web::{HttpResponse, web::Data};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    audit::PublishedKey,
    http::{caller::Caller, desk::Desk, error::Problem, responses::StoreFailures},
};

/// A key that has signed checkpoints.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditKey)]
pub struct KeyView {
    /// The first 32 hex digits of the SHA-256 of the public key.
    id: String,
    /// Ed25519, 32 bytes in base64.
    public_key: String,
    created_at: String,
    /// The key that signs this statement; the key itself for the first of a history.
    introduced_by: String,
    /// Over the four fields above, in base64.
    signature: String,
}

/// Every key there was, oldest first.
#[derive(Serialize, ToSchema)]
pub struct KeysView {
    items: Vec<KeyView>,
}

impl From<PublishedKey> for KeyView {
    fn from(published: PublishedKey) -> Self {
        let PublishedKey { key, signature } = published;
        Self {
            id: key.id,
            public_key: key.public_key,
            created_at: key.created_at,
            introduced_by: key.introduced_by,
            signature,
        }
    }
}

/// List the keys that have signed checkpoints, oldest first
///
/// The last one signs.
#[utoipa::path(
    get, path = "/v1/audit/keys", tag = "audit", operation_id = "list_audit_keys",
    responses(
        (status = 200, description = "The history of keys", body = KeysView),
        StoreFailures,
    )
)]
pub async fn keys(_: Caller, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let keys = desk.audit.keys().await?;
    let items = keys.into_iter().map(KeyView::from).collect();
    Ok(HttpResponse::Ok().json(KeysView { items }))
}
