//! POST /v1/keys

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::LOCATION,
    web::{Data, Payload as Body},
};
use callboard_orchestra::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    grant,
    view::{NewSecretView, reveal},
};
use crate::{
    auth::{KeyId, Secret, SecretKind},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem},
        json,
        responses::BodyFailures,
    },
    store::KeyRow,
};

const NAME_BYTES_MAX: usize = 200;
/// Longest life of a key that ends: 10 years, in seconds.
const EXPIRES_IN_S_MAX: u64 = 10 * 365 * 24 * 60 * 60;

/// A key to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewKey {
    /// For people.
    #[schema(min_length = 1, max_length = 200, example = "nightly import")]
    name: String,
    /// Of the tenant; it permits nothing that the caller may not do.
    #[schema(example = "viewer")]
    role: String,
    /// Another tenant than the caller's, for callers who run the server.
    #[serde(default)]
    #[schema(example = "acme")]
    tenant: Option<String>,
    /// Seconds until the key ends; without it the key does not end by itself.
    #[serde(default)]
    #[schema(minimum = 1, maximum = 315360000)]
    expires_in_s: Option<u64>,
}

/// Make an API key
///
/// The secret is in this answer and nowhere else.
#[utoipa::path(
    post, path = "/v1/keys", tag = "access", operation_id = "create_key",
    request_body(content = NewKey, content_type = "application/json"),
    responses(
        (status = 201, description = "The key", body = NewSecretView, headers(("Location" = String, description = "Path of the key"))),
        BodyFailures,
    )
)]
pub async fn create(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let new: NewKey = json::parse(&json::read_body(body, &desk.limits).await?)?;
    let tenant = grant::tenant(&caller, new.tenant)?;
    grant::role(&desk, &caller, &tenant, &new.role).await?;
    let name = new.name.trim();
    let is_plain = !name.chars().any(char::is_control);
    if name.is_empty() || name.len() > NAME_BYTES_MAX || !is_plain {
        let detail =
            format!("a key's name has 1 to {NAME_BYTES_MAX} bytes and no control characters");
        return Err(Problem::new(Kind::Invalid, "invalid_name", detail).field("name"));
    }
    let now = Timestamp::now();
    let row = KeyRow {
        id: KeyId::mint(),
        tenant,
        name: name.to_owned(),
        role: new.role,
        created_at: now,
        created_by: caller.author.principal.to_string(),
        expires_at: expiry(now, new.expires_in_s)?,
        revoked_at: None,
        last_used_at: None,
        previous_expires_at: None,
    };
    let secret = Secret::mint(SecretKind::ApiKey);
    let details = json!({
        "name": row.name, "role": row.role, "of_tenant": row.tenant.as_str(),
        "expires_at": row.expires_at.map(Timestamp::rfc3339),
    });
    let entry = caller.entry("key.created", row.id, details);
    let store = desk.authority.store();
    store.add_key(&row, secret.hash(), entry).await?;
    let mut response = HttpResponse::Created();
    response.insert_header((LOCATION, format!("/v1/keys/{}", row.id)));
    Ok(reveal(response, &secret, &row))
}

fn expiry(now: Timestamp, seconds: Option<u64>) -> Result<Option<Timestamp>, Problem> {
    match seconds {
        None => Ok(None),
        Some(seconds) if (1..=EXPIRES_IN_S_MAX).contains(&seconds) => {
            Ok(Some(now.plus(Duration::from_secs(seconds))))
        }
        Some(seconds) => {
            let detail =
                format!("expires_in_s is {seconds}, but runs from 1 to {EXPIRES_IN_S_MAX}");
            Err(Problem::new(Kind::Invalid, "invalid_expiry", detail).field("expires_in_s"))
        }
    }
}
