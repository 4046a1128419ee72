//! The header by which traces go from one server to the next (W3C Trace Context).

use actix_web::http::header::{HeaderMap, HeaderName};
use callboard_orchestra::{TraceContext, trace::current};
use reqwest::RequestBuilder;

pub const TRACEPARENT: &str = "traceparent";

/// A request that a role makes, with the span of the attempt it is made in.
pub fn with_traceparent(request: RequestBuilder) -> RequestBuilder {
    match current() {
        Some(attempt) => request.header(TRACEPARENT, attempt.to_string()),
        None => request,
    }
}

/// The span that a request names as its parent. None when it names none, several, or one that is not to be read.
pub fn traceparent(headers: &HeaderMap) -> Option<TraceContext> {
    let mut named = headers.get_all(HeaderName::from_static(TRACEPARENT));
    let (first, second) = (named.next()?, named.next());
    first
        .to_str()
        .ok()
        .filter(|_| second.is_none())?
        .parse()
        .ok()
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const SPAN: &str = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

    fn named(values: &[&'static str]) -> Option<String> {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(
                HeaderName::from_static(TRACEPARENT),
                HeaderValue::from_static(value),
            );
        }
        traceparent(&headers).map(|context| context.to_string())
    }

    #[test]
    fn one_parent_counts_and_nothing_else() {
        assert_eq!(named(&[SPAN]).as_deref(), Some(SPAN));
        assert_eq!(named(&[]), None);
        assert_eq!(named(&["00-x"]), None);
        assert_eq!(named(&[SPAN, SPAN]), None);
    }
}
