//! A receiver of OTLP, and spans as tests look at them.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::{
    collector::trace::v1::ExportTraceServiceRequest,
    common::v1::{KeyValue, any_value::Value},
    trace::v1::Span as OtlpSpan,
};
use prost::Message;

use crate::peer::{Arrival, Peer};

/// A span with its ids in hex and its attributes as text.
#[derive(Debug, Clone)]
pub struct Span {
    pub trace: String,
    pub id: String,
    pub parent: String,
    pub name: String,
    pub kind: i32,
    pub started: u64,
    pub ended: u64,
    pub flags: u32,
    pub is_error: bool,
    pub attributes: BTreeMap<String, String>,
    /// Attributes of the process that sent it.
    pub resource: BTreeMap<String, String>,
}

impl Span {
    #[track_caller]
    pub fn get(&self, key: &str) -> &str {
        let found = self.attributes.get(key);
        found.unwrap_or_else(|| panic!("no {key} in {self:?}"))
    }

    pub fn traceparent(&self) -> String {
        format!("00-{}-{}-01", self.trace, self.id)
    }

    pub fn is_of_job(&self, job: &str) -> bool {
        self.name.starts_with("job ") && self.get("callboard.job.id") == job
    }

    pub fn is_attempt(&self) -> bool {
        self.name.starts_with("invoke_agent ")
    }
}

/// The spans that a peer took.
pub struct Collector(pub Peer);

impl Collector {
    pub async fn start() -> Self {
        Self(Peer::start(200).await)
    }

    pub async fn until(&self, what: &str, enough: impl Fn(&[Span]) -> bool) -> Vec<Span> {
        let arrived = self.0.until(what, |all| enough(&spans(all))).await;
        spans(&arrived)
    }

    /// Every span so far, once the end of a job is told.
    pub async fn until_job(&self, job: &str) -> Vec<Span> {
        self.until("the span of the job arrives", |spans| {
            spans.iter().any(|span| span.is_of_job(job))
        })
        .await
    }

    pub fn spans(&self) -> Vec<Span> {
        spans(&self.0.arrived())
    }
}

fn spans(arrived: &[Arrival]) -> Vec<Span> {
    let taken = arrived.iter().filter(|arrival| arrival.status == 200);
    taken.flat_map(of_request).collect()
}

fn of_request(arrival: &Arrival) -> Vec<Span> {
    assert_eq!(arrival.target, "/v1/traces");
    assert_eq!(arrival.headers["content-type"], "application/x-protobuf");
    let request = ExportTraceServiceRequest::decode(&*arrival.body).unwrap();
    let mut spans = Vec::new();
    for of_resource in request.resource_spans {
        let resource = attributes(&of_resource.resource.unwrap().attributes);
        let scoped = of_resource.scope_spans.into_iter();
        spans.extend(scoped.flat_map(|scope| scope.spans).map(|span| Span {
            resource: resource.clone(),
            ..of_otlp(span)
        }));
    }
    spans
}

fn of_otlp(span: OtlpSpan) -> Span {
    Span {
        trace: hex::encode(span.trace_id),
        id: hex::encode(span.span_id),
        parent: hex::encode(span.parent_span_id),
        name: span.name,
        kind: span.kind,
        started: span.start_time_unix_nano,
        ended: span.end_time_unix_nano,
        flags: span.flags,
        is_error: span.status.is_some_and(|status| status.code == 2),
        attributes: attributes(&span.attributes),
        resource: BTreeMap::new(),
    }
}

fn attributes(all: &[KeyValue]) -> BTreeMap<String, String> {
    let text = |value: &Value| match value {
        Value::StringValue(text) => text.clone(),
        Value::IntValue(int) => int.to_string(),
        Value::DoubleValue(double) => double.to_string(),
        other => panic!("an attribute is {other:?}"),
    };
    all.iter()
        .map(|pair| {
            let value = pair.value.as_ref().and_then(|any| any.value.as_ref());
            (pair.key.clone(), text(value.unwrap()))
        })
        .collect()
}
