//! What goes wrong, as RFC 9457 problem documents. Which status a kind of error answers with is decided here and nowhere
//! else.

use std::{fmt, iter::successors, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        StatusCode,
        header::{self, HeaderName},
    },
};
use callboard_orchestra::{Payload, coordinator::RETRY_AFTER};
use serde::Serialize;
use utoipa::ToSchema;

use super::observe;
use crate::auth::{Permission, Unknown};

const PROBLEM_JSON: &str = "application/problem+json";

/// What sort of error it is: the status follows from it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Malformed,
    Invalid,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    NotAcceptable,
    TimedOut,
    Conflict,
    TooLarge,
    UnsupportedMediaType,
    RangeNotSatisfiable,
    Misdirected,
    UrlTooLong,
    HeadersTooLarge,
    RateLimited,
    Unavailable,
    StorageFull,
    Internal,
}

impl Kind {
    const fn status(self) -> StatusCode {
        match self {
            Self::Malformed => StatusCode::BAD_REQUEST,
            Self::Invalid => StatusCode::UNPROCESSABLE_ENTITY,
            Self::Unauthenticated => StatusCode::UNAUTHORIZED,
            Self::Forbidden => StatusCode::FORBIDDEN,
            Self::NotFound => StatusCode::NOT_FOUND,
            Self::MethodNotAllowed => StatusCode::METHOD_NOT_ALLOWED,
            Self::NotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::TimedOut => StatusCode::REQUEST_TIMEOUT,
            Self::Conflict => StatusCode::CONFLICT,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::UnsupportedMediaType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::RangeNotSatisfiable => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::Misdirected => StatusCode::MISDIRECTED_REQUEST,
            Self::UrlTooLong => StatusCode::URI_TOO_LONG,
            Self::HeadersTooLarge => StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE,
            Self::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::StorageFull => StatusCode::INSUFFICIENT_STORAGE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    const fn title(self) -> &'static str {
        match self {
            Self::Malformed => "The request cannot be read",
            Self::Invalid => "The request cannot be accepted",
            Self::Unauthenticated => "Not known who calls",
            Self::Forbidden => "Not allowed",
            Self::NotFound => "Not found",
            Self::MethodNotAllowed => "The resource does not answer this method",
            Self::NotAcceptable => "No acceptable form",
            Self::TimedOut => "The request takes too long",
            Self::Conflict => "Not possible in the present state",
            Self::TooLarge => "The body is too large",
            Self::UnsupportedMediaType => "The body has the wrong media type",
            Self::RangeNotSatisfiable => "No such part",
            Self::Misdirected => "Not a name of this server",
            Self::UrlTooLong => "The URL is too long",
            Self::HeadersTooLarge => "Too many headers",
            Self::RateLimited => "Too much at once",
            Self::Unavailable => "Not available at the moment",
            Self::StorageFull => "No space left",
            Self::Internal => "Internal error",
        }
    }
}

/// An error on its way to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    kind: Kind,
    code: &'static str,
    detail: String,
    field: Option<String>,
    position: Option<usize>,
    retry_after: Option<Duration>,
    /// The header that the status calls for, beside `Retry-After`.
    header: Option<Box<(HeaderName, String)>>,
    /// What stands in the way, as reading it would answer.
    current: Option<Box<Payload>>,
}

/// A problem document (RFC 9457).
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Problem)]
pub struct ProblemBody {
    /// `urn:callboard:problem:` and the code.
    #[serde(rename = "type")]
    #[schema(example = "urn:callboard:problem:unknown_kind")]
    uri: String,
    title: &'static str,
    #[schema(example = 422)]
    status: u16,
    /// Stable, for programs.
    #[schema(example = "unknown_kind")]
    code: &'static str,
    /// One sentence for people.
    #[schema(example = "there is no kind `market.compar`; did you mean `market.compare`?")]
    detail: String,
    /// The key at fault; a path inside `input` for the codes of a kind.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "kind")]
    field: Option<String>,
    /// Byte of the value of `field` at which it goes wrong, counted from 0.
    #[serde(skip_serializing_if = "Option::is_none")]
    position: Option<usize>,
    /// Also in the header `x-request-id`.
    request_id: String,
    /// Seconds to wait before trying again; also in the header `Retry-After`.
    #[serde(skip_serializing_if = "Option::is_none")]
    retry_after_s: Option<u64>,
    /// What stands in the way, as reading it would answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Value>)]
    current: Option<Payload>,
}

impl Problem {
    pub fn new(kind: Kind, code: &'static str, detail: impl Into<String>) -> Self {
        Self {
            kind,
            code,
            detail: detail.into(),
            field: None,
            position: None,
            retry_after: None,
            header: None,
            current: None,
        }
    }

    pub fn field(mut self, field: impl Into<String>) -> Self {
        self.field = Some(field.into());
        self
    }

    /// Where in the field it goes wrong.
    pub fn position(mut self, position: usize) -> Self {
        self.position = Some(position);
        self
    }

    pub fn retry_after(mut self, delay: Duration) -> Self {
        self.retry_after = Some(delay);
        self
    }

    /// Nobody knows who calls.
    pub fn unauthenticated(unknown: &Unknown) -> Self {
        let challenge = match unknown {
            Unknown::Missing => "Bearer realm=\"callboard\"",
            _ => "Bearer realm=\"callboard\", error=\"invalid_token\"",
        };
        Self {
            header: Some(Box::new((header::WWW_AUTHENTICATE, challenge.to_owned()))),
            ..Self::new(
                Kind::Unauthenticated,
                "unauthenticated",
                unknown.to_string(),
            )
        }
    }

    /// Nobody logs in so.
    pub fn wrong_password(detail: String) -> Self {
        Self {
            code: "wrong_password",
            detail,
            ..Self::unauthenticated(&Unknown::Missing)
        }
    }

    /// The caller is known, and may not.
    pub fn permission_denied(needed: Permission) -> Self {
        let detail = format!("this needs the permission {}", needed.name());
        Self::new(Kind::Forbidden, "permission_denied", detail)
    }

    /// A login's cookie came along with a request that no page of this site has made.
    pub fn foreign_page() -> Self {
        let detail =
            "with a login's cookie this needs the header x-csrf-token, a websocket its Origin";
        Self::new(Kind::Forbidden, "csrf", detail)
    }

    /// The job does not exist, or belongs to another tenant.
    pub fn no_such_job() -> Self {
        Self::new(Kind::NotFound, "job_not_found", "no such job")
    }

    /// The approval does not exist, or belongs to another tenant.
    pub fn no_such_approval() -> Self {
        Self::new(Kind::NotFound, "approval_not_found", "no such approval")
    }

    /// The key does not exist, or belongs to another tenant.
    pub fn no_such_key() -> Self {
        Self::new(Kind::NotFound, "key_not_found", "no such key")
    }

    /// The effect does not exist, or belongs to another tenant.
    pub fn no_such_effect() -> Self {
        Self::new(Kind::NotFound, "effect_not_found", "no such effect")
    }

    /// Too late: things stand as `current` shows.
    pub(super) fn overtaken(code: &'static str, detail: String, current: &impl Serialize) -> Self {
        Self::new(Kind::Conflict, code, detail).current(current)
    }

    /// What stands in the way.
    pub fn current(mut self, current: &impl Serialize) -> Self {
        let current = Payload::of(current).expect("a view is plain data");
        self.current = Some(Box::new(current));
        self
    }

    pub fn draining() -> Self {
        Self::new(Kind::Unavailable, "draining", "the server is shutting down")
            .retry_after(RETRY_AFTER)
    }

    pub fn method_not_allowed(allow: String) -> Self {
        let detail = format!("this resource answers {allow}");
        Self {
            header: Some(Box::new((header::ALLOW, allow))),
            ..Self::new(Kind::MethodNotAllowed, "method_not_allowed", detail)
        }
    }

    /// None of the bytes asked for are among the `bytes` there are.
    pub fn range_not_satisfiable(bytes: u64) -> Self {
        let detail = format!("the range lies beyond the {bytes} bytes there are");
        Self {
            header: Some(Box::new((
                header::CONTENT_RANGE,
                format!("bytes */{bytes}"),
            ))),
            ..Self::new(Kind::RangeNotSatisfiable, "range_not_satisfiable", detail)
        }
    }

    pub const fn code(&self) -> &'static str {
        self.code
    }

    pub fn status(&self) -> u16 {
        self.kind.status().as_u16()
    }

    /// The document that tells the client.
    pub fn body(&self) -> ProblemBody {
        ProblemBody {
            uri: format!("urn:callboard:problem:{}", self.code),
            title: self.kind.title(),
            status: self.status(),
            code: self.code,
            detail: self.detail.clone(),
            field: self.field.clone(),
            position: self.position,
            request_id: observe::request_id(),
            retry_after_s: self.retry_after_s(),
            current: self.current.as_deref().cloned(),
        }
    }

    /// Logs the cause, which the client is not told.
    pub fn internal(error: &(dyn std::error::Error + 'static)) -> Self {
        let causes: Vec<String> = successors(error.source(), |cause| cause.source())
            .map(ToString::to_string)
            .collect();
        tracing::error!(error = %error, cause = causes.join(": "), "a request failed inside the server");
        Self::new(
            Kind::Internal,
            "internal",
            "the server could not do this; its log has the request id",
        )
    }

    /// Seconds as headers have them: whole and never zero.
    fn retry_after_s(&self) -> Option<u64> {
        self.retry_after.map(|delay| {
            delay
                .as_millis()
                .div_ceil(1_000)
                .max(1)
                .try_into()
                .unwrap_or(u64::MAX)
        })
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.status()
    }

    fn error_response(&self) -> HttpResponse {
        let body = self.body();
        let mut response = HttpResponse::build(self.kind.status());
        if let Some(seconds) = body.retry_after_s {
            response.insert_header((header::RETRY_AFTER, seconds));
        }
        if let Some((name, value)) = self.header.as_deref() {
            response.insert_header((name, value.as_str()));
        }
        response
            .content_type(PROBLEM_JSON)
            .body(serde_json::to_vec(&body).expect("a problem document is plain data"))
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::{InvalidInput, SubmitError};

    use super::*;

    #[test]
    fn a_delay_below_a_second_is_told_as_one_second() {
        let problem = Problem::draining().retry_after(Duration::from_millis(20));
        assert_eq!(
            problem
                .error_response()
                .headers()
                .get(header::RETRY_AFTER)
                .unwrap(),
            "1"
        );
    }

    #[test]
    fn what_a_kind_refuses_keeps_its_own_code_and_field() {
        let refused = InvalidInput {
            code: "unknown_ticker",
            field: Some("tickers[2]".into()),
            message: "no".into(),
        };
        let problem = Problem::from(SubmitError::from(refused));
        assert_eq!(
            (problem.code, problem.field.as_deref()),
            ("unknown_ticker", Some("tickers[2]"))
        );
        assert_eq!(problem.status_code(), StatusCode::UNPROCESSABLE_ENTITY);
    }
}
