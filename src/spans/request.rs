//! The span of one HTTP request, from its headers to those of its answer.

use std::{num::NonZeroU64, time::SystemTime};

use actix_web::http::{Method, StatusCode, Version};
use callboard_orchestra::TraceContext;

use super::queue::{Span, SpanQueue};

/// Longest path and method that a span keeps; a client must not be able to grow what waits to be sent.
const PATH_BYTES_MAX: usize = 512;
const METHOD_BYTES_MAX: usize = 32;

/// A request that is being answered within a trace.
#[derive(Debug)]
pub struct RequestSpan {
    pub(super) context: TraceContext,
    /// What the caller says it is part of.
    pub(super) parent: Option<TraceContext>,
    pub(super) started: SystemTime,
    pub(super) queue: SpanQueue,
}

/// How a request was answered.
#[derive(Debug)]
pub struct Served {
    pub method: Method,
    /// None when no route matched.
    pub route: Option<String>,
    pub path: String,
    pub version: Version,
    pub is_tls: bool,
    pub status: StatusCode,
    pub request_id: String,
}

/// A span that has ended.
#[derive(Debug)]
pub struct EndedRequest {
    pub context: TraceContext,
    pub parent: Option<TraceContext>,
    pub started: SystemTime,
    pub ended: SystemTime,
    pub served: Served,
}

impl RequestSpan {
    /// The parent of what the request leads to.
    pub const fn context(&self) -> TraceContext {
        self.context
    }

    /// Ends it; `served` is asked of a span that is recorded alone.
    #[expect(
        clippy::disallowed_methods,
        reason = "spans bear the time of the wall clock"
    )]
    pub fn end(self, served: impl FnOnce() -> Served) {
        if !self.context.is_sampled() {
            return;
        }
        self.queue.put(Span::Request(EndedRequest {
            context: self.context,
            parent: self.parent,
            started: self.started,
            ended: SystemTime::now(),
            served: served().bounded(),
        }));
    }
}

impl Served {
    fn bounded(mut self) -> Self {
        let end = self.path.floor_char_boundary(PATH_BYTES_MAX);
        if end < self.path.len() {
            // Cut off for good: a mere change of its length would keep the whole.
            self.path = self.path[..end].to_owned();
        }
        let method = self.method.as_str().as_bytes();
        if let Some(start) = method.get(..METHOD_BYTES_MAX) {
            self.method = Method::from_bytes(start).unwrap_or_default();
        }
        self
    }
}

/// A new id of a span.
pub(super) fn mint_span() -> NonZeroU64 {
    NonZeroU64::new(rand::random()).unwrap_or(NonZeroU64::MIN)
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::UNIX_EPOCH;

    use super::*;

    #[test]
    fn what_a_client_sends_is_kept_up_to_a_bound() {
        let long = Served {
            method: Method::from_bytes(&[b'X'; 10_000]).unwrap(),
            path: format!("/{}", "é".repeat(10_000)),
            ..answered()
        };
        let kept = long.bounded();
        assert_eq!(kept.method.as_str().len(), METHOD_BYTES_MAX);
        assert_eq!(kept.path.len(), PATH_BYTES_MAX - 1);
        assert!(kept.path.capacity() <= PATH_BYTES_MAX);
        let short = answered().bounded();
        assert_eq!((short.method, &*short.path), (Method::GET, "/v1/jobs"));
    }

    /// A request that was answered with 200.
    pub fn ended(context: TraceContext) -> EndedRequest {
        EndedRequest {
            context,
            parent: None,
            started: UNIX_EPOCH,
            ended: UNIX_EPOCH,
            served: answered(),
        }
    }

    fn answered() -> Served {
        Served {
            method: Method::GET,
            route: Some("/v1/jobs".to_owned()),
            path: "/v1/jobs".to_owned(),
            version: Version::HTTP_11,
            is_tls: false,
            status: StatusCode::OK,
            request_id: "r-1".to_owned(),
        }
    }
}
