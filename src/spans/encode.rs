//! Spans as OTLP has them. Names and attributes follow OpenTelemetry's semantic conventions, of HTTP servers and of generative
//! AI, where these have a word; the others begin with `callboard.`.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use actix_web::http::{Method, Version};
use callboard_orchestra::{
    TraceContext,
    trace::{EndedAttempt, EndedJob},
};
use opentelemetry_proto::tonic::{
    common::v1::{AnyValue, InstrumentationScope, KeyValue, any_value::Value},
    resource::v1::Resource,
    trace::v1::{
        ResourceSpans, ScopeSpans, Span as OtlpSpan, SpanFlags, Status, span::SpanKind,
        status::StatusCode,
    },
};
use uuid::Uuid;

use super::{queue::Span, request::EndedRequest};
use crate::config::TelemetryConfig;

const SCOPE: &str = "callboard";
const ERROR_TYPE: &str = "error.type";
const NANOS_OF_MILLI: u64 = 1_000_000;

/// Who sends the spans: the service, and this process of it.
pub fn resource(config: &TelemetryConfig) -> Resource {
    Resource {
        attributes: vec![
            text("service.name", config.service_name.as_str()),
            text("service.version", env!("CARGO_PKG_VERSION")),
            text("service.instance.id", Uuid::now_v7().to_string()),
        ],
        ..Resource::default()
    }
}

pub fn of_resource(resource: Resource, spans: Vec<OtlpSpan>) -> ResourceSpans {
    let scope = InstrumentationScope {
        name: SCOPE.to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        ..InstrumentationScope::default()
    };
    ResourceSpans {
        resource: Some(resource),
        scope_spans: vec![ScopeSpans {
            scope: Some(scope),
            spans,
            ..ScopeSpans::default()
        }],
        ..ResourceSpans::default()
    }
}

pub fn span(span: Span) -> OtlpSpan {
    match span {
        Span::Request(request) => of_request(request),
        Span::Job(job, ended) => of_job(job, ended),
        Span::Attempt(attempt, ended) => of_attempt(attempt, ended),
    }
}

fn of_request(request: EndedRequest) -> OtlpSpan {
    let EndedRequest {
        context,
        parent,
        started,
        ended,
        served,
    } = request;
    let known = known_method(&served.method);
    let name = match (&served.route, known) {
        (Some(route), Some(method)) => format!("{method} {route}"),
        (Some(route), None) => format!("HTTP {route}"),
        (None, method) => method.unwrap_or("HTTP").to_owned(),
    };
    let status = served.status.as_u16();
    let scheme = if served.is_tls { "https" } else { "http" };
    let mut attributes = vec![
        text("http.request.method", known.unwrap_or("_OTHER")),
        text("url.path", served.path),
        text("url.scheme", scheme),
        int("http.response.status_code", i64::from(status)),
        text("callboard.request.id", served.request_id),
    ];
    if known.is_none() {
        let method = served.method.as_str();
        attributes.push(text("http.request.method_original", method));
    }
    if let Some(route) = served.route {
        attributes.push(text("http.route", route));
    }
    if let Some(version) = version(served.version) {
        attributes.push(text("network.protocol.version", version));
    }
    let error = served.status.is_server_error().then(|| status.to_string());
    OtlpSpan {
        kind: SpanKind::Server.into(),
        start_time_unix_nano: nanos(started),
        end_time_unix_nano: nanos(ended),
        ..spanned(context, parent, parent.is_some(), name, attributes, error)
    }
}

fn of_job(job: EndedJob, ended: SystemTime) -> OtlpSpan {
    let created_ms = u64::try_from(job.created_at.millis()).unwrap_or(0);
    let attributes = vec![
        text("callboard.job.id", job.job.to_string()),
        text("callboard.job.kind", &*job.kind),
        text("callboard.job.outcome", job.state.name()),
        text("callboard.tenant", job.tenant.as_str()),
    ];
    let error = job.failure.map(|failure| failure.code().to_owned());
    let name = format!("job {}", job.kind);
    let (start, end) = (created_ms * NANOS_OF_MILLI, nanos(ended));
    OtlpSpan {
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: end.max(start),
        ..spanned(job.span, Some(job.parent), false, name, attributes, error)
    }
}

fn of_attempt(attempt: EndedAttempt, ended: SystemTime) -> OtlpSpan {
    let started = ended.checked_sub(attempt.elapsed).unwrap_or(ended);
    let mut attributes = vec![
        text("gen_ai.operation.name", "invoke_agent"),
        text("gen_ai.agent.name", &*attempt.role),
        text("callboard.job.id", attempt.job.to_string()),
        text("callboard.job.kind", &*attempt.kind),
        text("callboard.tenant", attempt.tenant.as_str()),
        int("callboard.task.id", i64::from(attempt.task.0)),
        text("callboard.task.name", &*attempt.name),
        int("callboard.task.attempt", i64::from(attempt.attempt)),
        text("callboard.task.outcome", attempt.outcome),
    ];
    if let Some(queued) = attempt.queued {
        attributes.push(double("callboard.task.queue_wait_ms", millis(queued)));
    }
    let error = (!is_good(attempt.outcome)).then(|| attempt.outcome.to_owned());
    let name = format!("invoke_agent {}", attempt.role);
    let (context, parent) = (attempt.span, Some(attempt.parent));
    OtlpSpan {
        kind: SpanKind::Internal.into(),
        start_time_unix_nano: nanos(started),
        end_time_unix_nano: nanos(ended),
        ..spanned(context, parent, false, name, attributes, error)
    }
}

/// What every span has; `error` is its `error.type`.
fn spanned(
    context: TraceContext,
    parent: Option<TraceContext>,
    is_parent_remote: bool,
    name: String,
    mut attributes: Vec<KeyValue>,
    error: Option<String>,
) -> OtlpSpan {
    let mut flags = SpanFlags::ContextHasIsRemoteMask as u32 | u32::from(context.is_sampled());
    if is_parent_remote {
        flags |= SpanFlags::ContextIsRemoteMask as u32;
    }
    let status = error.map(|error| {
        attributes.push(text(ERROR_TYPE, error));
        Status {
            code: StatusCode::Error.into(),
            message: String::new(),
        }
    });
    OtlpSpan {
        trace_id: context.trace_id().to_vec(),
        span_id: context.span_id().to_vec(),
        parent_span_id: parent.map_or_else(Vec::new, |parent| parent.span_id().to_vec()),
        flags,
        name,
        attributes,
        status,
        ..OtlpSpan::default()
    }
}

/// Whether an attempt came to what its role meant it to.
fn is_good(outcome: &str) -> bool {
    matches!(
        outcome,
        "done" | "snooze" | "needs_approval" | "await_signal"
    )
}

fn known_method(method: &Method) -> Option<&'static str> {
    const KNOWN: [&str; 9] = [
        "GET", "HEAD", "POST", "PUT", "DELETE", "CONNECT", "OPTIONS", "TRACE", "PATCH",
    ];
    KNOWN.into_iter().find(|known| *known == method.as_str())
}

fn version(version: Version) -> Option<&'static str> {
    match version {
        Version::HTTP_10 => Some("1.0"),
        Version::HTTP_11 => Some("1.1"),
        Version::HTTP_2 => Some("2"),
        _ => None,
    }
}

/// Since the Unix epoch.
fn nanos(at: SystemTime) -> u64 {
    let since = at.duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_nanos()).unwrap_or(u64::MAX)
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1_000.0
}

fn text(key: &str, value: impl Into<String>) -> KeyValue {
    attribute(key, Value::StringValue(value.into()))
}

fn int(key: &str, value: i64) -> KeyValue {
    attribute(key, Value::IntValue(value))
}

fn double(key: &str, value: f64) -> KeyValue {
    attribute(key, Value::DoubleValue(value))
}

fn attribute(key: &str, value: Value) -> KeyValue {
    KeyValue {
        key: key.to_owned(),
        value: Some(AnyValue { value: Some(value) }),
        ..KeyValue::default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::spans::request::tests::ended;

    fn encoded(change: impl FnOnce(&mut EndedRequest)) -> OtlpSpan {
        let context = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";
        let mut request = ended(context.parse().unwrap());
        change(&mut request);
        span(Span::Request(request))
    }

    fn get<'a>(span: &'a OtlpSpan, key: &str) -> Option<&'a Value> {
        let found = span.attributes.iter().find(|pair| pair.key == key);
        found.and_then(|pair| pair.value.as_ref()?.value.as_ref())
    }

    #[test]
    fn a_request_that_no_route_matches_is_named_by_its_method_alone() {
        let unmatched = encoded(|request| request.served.route = None);
        assert_eq!(unmatched.name, "GET");
        assert_eq!(get(&unmatched, "http.route"), None);
    }

    #[test]
    fn a_method_that_nobody_knows_grows_no_names() {
        let odd = encoded(|request| {
            request.served.method = Method::from_bytes(b"BREW").unwrap();
        });
        assert_eq!(odd.name, "HTTP /v1/jobs");
        let text = |value: &str| Some(Value::StringValue(value.to_owned()));
        assert_eq!(get(&odd, "http.request.method"), text("_OTHER").as_ref());
        let original = get(&odd, "http.request.method_original");
        assert_eq!(original, text("BREW").as_ref());
    }

    #[test]
    fn an_error_of_the_server_is_one_of_the_span() {
        let failed = encoded(|request| {
            request.served.status = actix_web::http::StatusCode::SERVICE_UNAVAILABLE;
        });
        assert_eq!(failed.status.as_ref().unwrap().code, 2);
        let expected = Value::StringValue("503".to_owned());
        assert_eq!(get(&failed, ERROR_TYPE), Some(&expected));
        assert_eq!(encoded(|_| {}).status, None);
    }
}
