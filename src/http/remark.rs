//! What people say for the record when they step in: why.

use actix_web::{HttpRequest, web::Payload as Body};
use serde::{Deserialize, de::DeserializeOwned};
use utoipa::ToSchema;

use super::{
    desk::Desk,
    error::{Kind, Problem},
    json,
};

const REASON_BYTES_MAX: usize = 1_000;

/// Why something is done to a job.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Reason {
    #[schema(max_length = 1000, example = "superseded")]
    #[serde(default)]
    reason: Option<String>,
}

/// Why something is decided.
#[derive(Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Remark {
    #[schema(max_length = 1000, example = "within budget")]
    #[serde(default)]
    pub reason: Option<String>,
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
    if reason
        .as_ref()
        .is_some_and(|reason| reason.len() > REASON_BYTES_MAX)
    {
        let detail = format!("the reason has more than {REASON_BYTES_MAX} bytes");
        return Err(Problem::new(Kind::Invalid, "invalid_body", detail).field("reason"));
    }
    Ok(reason)
}
