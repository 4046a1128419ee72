//! One wrapper round every request: its id, its span, its line in the log and its duration.

use std::time::Instant;

use actix_web::{
    Error,
    body::MessageBody,
    dev::{ServiceRequest, ServiceResponse},
    http::{
        ConnectionType, Method, StatusCode,
        header::{HeaderMap, HeaderName, HeaderValue},
    },
    middleware::Next,
    web::Data,
};
use callboard_orchestra::TraceContext;
use tracing::Instrument;
use uuid::Uuid;

use super::{armour, desk::Desk};
use crate::spans::{RequestSpan, Served};

pub const X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// Longest request id taken over from a client.
const REQUEST_ID_BYTES_MAX: usize = 128;
/// Route in logs and metrics of requests that none matched.
const UNMATCHED: &str = "unmatched";

tokio::task_local! {
    static REQUEST_ID: HeaderValue;
    static TRACE: Option<TraceContext>;
}

/// The id of the request being answered; empty outside of one.
pub fn request_id() -> String {
    REQUEST_ID
        .try_with(|id| id.to_str().unwrap_or_default().to_owned())
        .unwrap_or_default()
}

/// The span of the request being answered, if it is part of a trace.
pub fn trace() -> Option<TraceContext> {
    TRACE.try_with(|context| *context).ok().flatten()
}

/// The middleware.
pub async fn observe(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let started = Instant::now();
    let desk = request.app_data::<Data<Desk>>().cloned();
    let _in_hand = desk.as_ref().map(|desk| desk.departure.request());
    let id = client_id(request.headers()).unwrap_or_else(mint_id);
    let method = request.method().clone();
    let path = request.path().to_owned();
    let is_tls = request.app_config().secure();
    let span = tracing::info_span!("request", request.id = id.to_str().unwrap_or_default());
    let tracer = desk.as_ref().map(|desk| &desk.tracer);
    let traced = tracer.and_then(|tracer| tracer.request(request.headers()));
    let (version, context) = (request.version(), traced.as_ref().map(RequestSpan::context));
    let answering = TRACE.scope(context, next.call(request));
    let answering = REQUEST_ID.scope(id.clone(), answering);
    let mut response = answering.instrument(span.clone()).await?;

    let leaving = desk.is_some_and(|desk| desk.departure.is_begun());
    if leaving && response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let head = response.response_mut().head_mut();
        head.set_connection_type(ConnectionType::Close);
    }
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID, id.clone());
    armour::protect(headers, is_tls);
    let route = response.request().match_pattern();
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    if let Some(traced) = traced {
        traced.end(|| Served {
            method: method.clone(),
            route: route.clone(),
            path: path.clone(),
            version,
            is_tls,
            status: response.status(),
            request_id: id.to_str().unwrap_or_default().to_owned(),
        });
    }
    let route = route.unwrap_or_else(|| UNMATCHED.to_owned());
    span.in_scope(|| {
        tracing::debug!(
            http.method = %method, http.path = path, http.status = status, duration_us = elapsed.as_micros() as u64,
            "answered"
        );
    });
    metrics::histogram!(
        "callboard_http_request_duration_seconds",
        "route" => route, "method" => method_label(&method), "status" => status.to_string(),
    )
    .record(elapsed.as_secs_f64());
    Ok(response)
}

/// Only known methods become labels: a client must not be able to grow the metrics.
fn method_label(method: &Method) -> &'static str {
    match method.as_str() {
        "GET" => "GET",
        "HEAD" => "HEAD",
        "POST" => "POST",
        "PUT" => "PUT",
        "DELETE" => "DELETE",
        "PATCH" => "PATCH",
        "OPTIONS" => "OPTIONS",
        _ => "other",
    }
}

fn client_id(headers: &HeaderMap) -> Option<HeaderValue> {
    let id = headers.get(&X_REQUEST_ID)?;
    let printable = |byte: &u8| byte.is_ascii_graphic();
    ((1..=REQUEST_ID_BYTES_MAX).contains(&id.len()) && id.as_bytes().iter().all(printable))
        .then(|| id.clone())
}

fn mint_id() -> HeaderValue {
    HeaderValue::from_str(&Uuid::now_v7().simple().to_string())
        .expect("hex digits are a header value")
}
