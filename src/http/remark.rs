//! What people say for the record when they step in: why, and who they are.

use actix_web::{HttpRequest, web::Payload as Body};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem},
    json,
};
use crate::auth::Credential;

const REASON_BYTES_MAX: usize = 1_000;
const NAME_BYTES_MAX: usize = 200;
/// Who has decided when nobody is named, and nobody is asked who they are.
const ANONYMOUS: &str = "anonymous";

/// Why something is done to a job.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    #[schema(max_length = 1000, example = "superseded")]
    #[serde(default)]
    reason: Option<String>,
}

/// Why something is decided, and by whom.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    #[schema(max_length = 1000, example = "within budget")]
    #[serde(default)]
    pub reason: Option<String>,
    /// Taken as it is said where nobody is asked who they are; else the caller is the one who decides.
    #[schema(max_length = 200, default = "anonymous", example = "kim")]
    #[serde(default)]
    pub by: Option<String>,
}

impl Reason {
    /// The reason in an optional body; `default` when there is none.
    pub async fn read(
        request: &HttpRequest,
        body: Body,
        desk: &Desk,
        default: &str,
    ) -> Result<String, Problem> {
        let Self { reason } = optional(request, body, desk).await?;
        Ok(checked_reason(reason)?.unwrap_or_else(|| default.to_owned()))
    }
}

/// The body as `T`, or its default when there is none.
pub async fn optional<T: DeserializeOwned + Default>(
    request: &HttpRequest,
    body: Body,
    desk: &Desk,
) -> Result<T, Problem> {
    let body = json::read_body(body, &desk.limits).await?;
    if body.is_empty() {
        return Ok(T::default());
    }
    json::require_json(request)?;
    json::parse(&body)
}

pub fn checked_reason(reason: Option<String>) -> Result<Option<String>, Problem> {
    within(REASON_BYTES_MAX, "reason", reason)
}

/// Who decides: the caller where it is known, else who they say they are.
pub fn checked_name(by: Option<String>, caller: &Caller) -> Result<String, Problem> {
    let by = within(NAME_BYTES_MAX, "by", by)?;
    if caller.principal.credential != Credential::None {
        return Ok(caller.principal.name.to_string());
    }
    Ok(by
        .filter(|by| !by.trim().is_empty())
        .unwrap_or_else(|| ANONYMOUS.to_owned()))
}

fn within(bytes_max: usize, field: &str, text: Option<String>) -> Result<Option<String>, Problem> {
    if text.as_ref().is_some_and(|text| text.len() > bytes_max) {
        let detail = format!("the {field} has more than {bytes_max} bytes");
        return Err(Problem::new(Kind::Invalid, "invalid_body", detail).field(field));
    }
    Ok(text)
}
