//! The receiver of OTLP: spans go to it as protobuf over HTTP, one request a batch.

use std::time::Duration;

use opentelemetry_proto::tonic::{
    collector::trace::v1::{ExportTraceServiceRequest, ExportTraceServiceResponse},
    resource::v1::Resource,
};
use prost::Message;
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};

use super::{encode, queue::Span};
use crate::{answer_body::body_within, config::TelemetryConfig, outbound::Outbound};

const TRACES_PATH: [&str; 2] = ["v1", "traces"];
const PROTOBUF: &str = "application/x-protobuf";
const CONNECT_MAX: Duration = Duration::from_secs(3);
const ANSWER_MAX: Duration = Duration::from_secs(10);
/// Longest answer that is read; one is a few bytes.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

pub struct Receiver {
    client: Client,
    url: Url,
    resource: Resource,
}

/// Why a batch was not taken.
#[derive(Debug)]
pub enum Failure {
    /// It may be sent again.
    Unavailable(String),
    /// It would be refused again.
    Refused(String),
}

/// Spans of a batch that was taken which the receiver did not want, and why.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Rejected {
    pub spans: u64,
    pub why: String,
}

impl Receiver {
    /// Its address is the operator's word: it may be in any network.
    pub fn of(config: &TelemetryConfig) -> anyhow::Result<Self> {
        let mut url = Url::parse(&config.otlp_url)?;
        url.path_segments_mut()
            .map_err(|()| anyhow::anyhow!("telemetry.otlp_url cannot have a path"))?
            .pop_if_empty()
            .extend(TRACES_PATH);
        let client = Outbound::anywhere()
            .client()
            .connect_timeout(CONNECT_MAX)
            .timeout(ANSWER_MAX)
            .build()?;
        Ok(Self {
            client,
            url,
            resource: encode::resource(config),
        })
    }

    /// A batch as it is sent.
    pub fn body(&self, spans: Vec<Span>) -> Vec<u8> {
        let spans = spans.into_iter().map(encode::span).collect();
        ExportTraceServiceRequest {
            resource_spans: vec![encode::of_resource(self.resource.clone(), spans)],
        }
        .encode_to_vec()
    }

    pub async fn take(&self, body: Vec<u8>) -> Result<Rejected, Failure> {
        let sent = self
            .client
            .post(self.url.clone())
            .header(CONTENT_TYPE, PROTOBUF)
            .body(body)
            .send()
            .await;
        let answer = sent.map_err(unavailable)?;
        let status = answer.status();
        if !status.is_success() {
            let why = format!("the receiver answers {status}");
            return Err(match is_passing(status) {
                true => Failure::Unavailable(why),
                false => Failure::Refused(why),
            });
        }
        let body = body_within(answer, ANSWER_BYTES_MAX).await;
        Ok(body
            .map_err(unavailable)?
            .map_or_else(Rejected::default, |body| rejected(&body)))
    }
}

fn unavailable(error: reqwest::Error) -> Failure {
    Failure::Unavailable(format!("{:#}", anyhow::Error::from(error.without_url())))
}

/// What the specification of OTLP over HTTP lets a client try again.
fn is_passing(status: StatusCode) -> bool {
    matches!(
        status,
        StatusCode::TOO_MANY_REQUESTS
            | StatusCode::BAD_GATEWAY
            | StatusCode::SERVICE_UNAVAILABLE
            | StatusCode::GATEWAY_TIMEOUT
    )
}

/// An answer that is not to be read says nothing.
fn rejected(answer: &[u8]) -> Rejected {
    let partial = ExportTraceServiceResponse::decode(answer)
        .ok()
        .and_then(|answer| answer.partial_success);
    partial.map_or_else(Rejected::default, |partial| Rejected {
        spans: u64::try_from(partial.rejected_spans).unwrap_or(0),
        why: partial.error_message,
    })
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::collector::trace::v1::ExportTracePartialSuccess;

    use super::*;

    #[test]
    fn spans_go_below_the_path_of_the_address() {
        for (url, expected) in [
            ("http://c:4318", "http://c:4318/v1/traces"),
            ("http://c:4318/", "http://c:4318/v1/traces"),
            ("https://c/base", "https://c/base/v1/traces"),
            ("https://c/base/", "https://c/base/v1/traces"),
        ] {
            let config = TelemetryConfig {
                otlp_url: url.to_owned(),
                ..TelemetryConfig::default()
            };
            assert_eq!(Receiver::of(&config).unwrap().url.as_str(), expected);
        }
    }

    #[test]
    fn an_answer_says_what_was_not_wanted() {
        let answer = ExportTraceServiceResponse {
            partial_success: Some(ExportTracePartialSuccess {
                rejected_spans: 3,
                error_message: "too old".to_owned(),
            }),
        };
        let expected = Rejected {
            spans: 3,
            why: "too old".to_owned(),
        };
        assert_eq!(rejected(&answer.encode_to_vec()), expected);
        assert_eq!(rejected(&[]), Rejected::default());
        assert_eq!(rejected(b"<html>"), Rejected::default());
    }
}
