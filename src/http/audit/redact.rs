//! POST /v1/audit/{id}/redact

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::{AuditEntry, Timestamp};
use serde::Deserialize;
use serde_json::{Map, json};
use utoipa::ToSchema;

use super::view::AuditView;
use crate::{
    audit::RecordId,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        json as body, query, remark,
        responses::StoreFailures,
    },
    store::Redaction,
};

const FIELDS_MAX: usize = 100;

/// What to take out of a record.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct RedactRequest {
    /// Names of fields: `author.principal`, `author.address`, `author.request_id`, or `details.` and a name.
    #[schema(min_items = 1, max_items = 100, example = json!(["author.address"]))]
    fields: Vec<String>,
    #[schema(max_length = 1000, example = "request for erasure")]
    #[serde(default)]
    reason: Option<String>,
}

/// Take values out of an audit record
///
/// The digests of the values stay, so the chain verifies as before. That it was done is recorded.
#[utoipa::path(
    post, path = "/v1/audit/{id}/redact", tag = "audit", operation_id = "redact_audit_record",
    params(("id" = String, Path, description = "Id of the record")),
    request_body(content = RedactRequest, content_type = "application/json"),
    responses(
        (status = 200, description = "The record as it is left", body = AuditView),
        (status = 400, description = "The id is not that of an audit record, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such record", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The record has no such field, or it is redacted already", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn redact(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    payload: Body,
) -> Result<HttpResponse, Problem> {
    let id: RecordId = query::id(&id, "invalid_audit_id")?;
    body::require_json(&request)?;
    let read = body::read_body(payload, &desk.limits).await?;
    let RedactRequest { mut fields, reason } = body::parse(&read)?;
    let reason = remark::checked_reason(reason)?;
    fields.sort_unstable();
    fields.dedup();
    if fields.is_empty() || fields.len() > FIELDS_MAX {
        let detail = format!("fields names 1 to {FIELDS_MAX} fields");
        return Err(Problem::new(Kind::Invalid, "invalid_body", detail).field("fields"));
    }
    let seq = id.seq();
    let known = desk.audit.get(&caller.tenant, seq).await?;
    if known.is_none_or(|row| row.id != id.uuid()) {
        return Err(no_such_record());
    }
    let mut details = Map::new();
    details.insert("fields".to_owned(), json!(fields));
    if let Some(reason) = reason {
        details.insert("reason".to_owned(), json!(reason));
    }
    let entry = AuditEntry {
        tenant: caller.tenant.clone(),
        at: Timestamp::now(),
        author: caller.author.clone(),
        action: "audit.redacted",
        subject: Some(id.to_string()),
        details,
    };
    match desk
        .audit
        .redact(&caller.tenant, seq, &fields, entry)
        .await?
    {
        Redaction::Done(row) => {
            tracing::info!(audit.seq = seq, "audit record redacted");
            Ok(HttpResponse::Ok().json(AuditView::of(&row)?))
        }
        Redaction::NoSuchRecord => Err(no_such_record()),
        Redaction::NoSuchField(field) => {
            let detail = format!("the record has no field `{}` with a value", clip(&field));
            Err(Problem::new(Kind::Invalid, "no_such_field", detail).field("fields"))
        }
    }
}

fn no_such_record() -> Problem {
    let detail = "no such audit record";
    Problem::new(Kind::NotFound, "audit_record_not_found", detail)
}

/// Names come from outside and may be long: a message shows the start.
fn clip(name: &str) -> &str {
    const SHOWN_BYTES_MAX: usize = 60;
    &name[..name.floor_char_boundary(SHOWN_BYTES_MAX)]
}
