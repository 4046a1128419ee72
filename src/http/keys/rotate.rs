//! POST /v1/keys/{id}/rotate

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    grant,
    show::key_row,
    view::{NewSecretView, reveal},
};
use crate::{
    auth::{Secret, SecretKind},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        remark,
        responses::BodyFailures,
    },
    store::KeyRow,
};

const OVERLAP_S_DEFAULT: u64 = 60 * 60;
const OVERLAP_S_MAX: u64 = 7 * 24 * 60 * 60;

/// How a key is rotated.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Rotation {
    /// Seconds for which the old secret stays good beside the new one.
    #[serde(default)]
    #[schema(minimum = 0, maximum = 604800, default = 3600)]
    overlap_s: Option<u64>,
}

/// Give an API key a new secret
///
/// Both secrets are good until the overlap ends; then the new one alone is. The new secret is in this answer and nowhere
/// else.
#[utoipa::path(
    post, path = "/v1/keys/{id}/rotate", tag = "access", operation_id = "rotate_key",
    params(("id" = String, Path, description = "Id of the key")),
    request_body(content = Option<Rotation>, content_type = "application/json"),
    responses(
        (status = 200, description = "The key with its new secret", body = NewSecretView),
        (status = 404, description = "No such key", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The key is revoked or has expired", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn rotate(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let Rotation { overlap_s } = remark::optional(&request, body, &desk).await?;
    let overlap_s = overlap_s.unwrap_or(OVERLAP_S_DEFAULT);
    if overlap_s > OVERLAP_S_MAX {
        let detail = format!("overlap_s is {overlap_s}, but runs from 0 to {OVERLAP_S_MAX}");
        return Err(Problem::new(Kind::Invalid, "invalid_overlap", detail).field("overlap_s"));
    }
    let row = key_row(&desk, &caller.tenant, &id).await?;
    // Whoever rotates a key holds it afterwards.
    let permissions = desk.authority.permissions(&row.tenant, &row.role).await?;
    grant::within(&caller, permissions.unwrap_or_default())?;
    let now = Timestamp::now();
    let secret = Secret::mint(SecretKind::ApiKey);
    let overlap_end = now.plus(Duration::from_secs(overlap_s));
    let entry = caller.entry("key.rotated", row.id, json!({"overlap_s": overlap_s}));
    let rotated = row.is_live(now)
        && desk
            .authority
            .store()
            .rotate_key(&row, secret.hash(), overlap_end, entry)
            .await?;
    if !rotated {
        let detail = "the key is revoked or has expired";
        return Err(Problem::new(Kind::Conflict, "key_ended", detail));
    }
    desk.authority.changed();
    let row = KeyRow {
        previous_expires_at: Some(overlap_end),
        ..row
    };
    Ok(reveal(HttpResponse::Ok(), &secret, &row))
}
