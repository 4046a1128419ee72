//! Bounds on the head of a request. A head that is larger than 128 KiB, or has more than 96 headers, is refused with 400
//! before it gets here.

use actix_web::{
    Error, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    middleware::Next,
};

use super::error::{Kind, Problem};

/// Longest path with its query, in bytes as they were sent.
const URL_BYTES_MAX: usize = 16 * 1_024;
const HEADERS_MAX: usize = 64;
/// Names and values together.
const HEADERS_BYTES_MAX: usize = 32 * 1_024;
/// PostgreSQL keeps no null character, and no name or text has a use for one.
const NULL: &str = "%00";

/// The middleware.
pub async fn require_bounds<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    if let Some(problem) = refusal(&request) {
        let refused = request.into_response(problem.error_response());
        return Ok(refused.map_into_right_body());
    }
    Ok(next.call(request).await?.map_into_left_body())
}

fn refusal(request: &ServiceRequest) -> Option<Problem> {
    let target = request.uri().path_and_query()?.as_str();
    if target.len() > URL_BYTES_MAX {
        let detail = format!("the URL has more than {URL_BYTES_MAX} bytes");
        return Some(Problem::new(Kind::UrlTooLong, "url_too_long", detail));
    }
    if target.contains(NULL) {
        let detail = "the URL has a null character";
        return Some(Problem::new(Kind::Malformed, "invalid_url", detail));
    }
    let headers = request.headers();
    let bytes: usize = headers
        .iter()
        .map(|(name, value)| name.as_str().len() + value.len())
        .sum();
    if headers.len() > HEADERS_MAX || bytes > HEADERS_BYTES_MAX {
        let detail = format!(
            "there are more than {HEADERS_MAX} headers, or {HEADERS_BYTES_MAX} bytes of them"
        );
        return Some(Problem::new(
            Kind::HeadersTooLarge,
            "headers_too_large",
            detail,
        ));
    }
    None
}
