//! Section `telemetry`: where spans of requests, jobs and tasks are sent.

use reqwest::Url;
use serde::{Deserialize, Serialize};

use super::error::Finding;

const SERVICE_NAME_BYTES_MAX: usize = 255;

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TelemetryConfig {
    /// Receiver of OTLP over HTTP, `http://collector:4318`; empty for none.
    pub otlp_url: String,
    /// Part of the traces begun here that are recorded, 0 to 1.
    pub sample_ratio: f64,
    /// `service.name` of the spans.
    pub service_name: String,
}

impl Default for TelemetryConfig {
    fn default() -> Self {
        Self {
            otlp_url: String::new(),
            sample_ratio: 1.0,
            service_name: "callboard".to_owned(),
        }
    }
}

impl TelemetryConfig {
    /// Whether anything is traced.
    pub fn is_on(&self) -> bool {
        !self.otlp_url.is_empty()
    }

    pub(super) fn check(&self, findings: &mut Vec<Finding>) {
        let mut found = |key, message: &str| {
            findings.push(Finding::new(["telemetry", key], message));
        };
        if self.is_on() && !is_address(&self.otlp_url) {
            found(
                "otlp_url",
                "must be empty or such as \"http://collector:4318\", without a user, a query or a fragment",
            );
        }
        if !(0.0..=1.0).contains(&self.sample_ratio) {
            found("sample_ratio", "must be from 0 to 1");
        }
        if !(1..=SERVICE_NAME_BYTES_MAX).contains(&self.service_name.len()) {
            let message = format!("must have 1 to {SERVICE_NAME_BYTES_MAX} bytes");
            found("service_name", &message);
        }
    }
}

fn is_address(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && url.has_host()
            && url.username().is_empty()
            && url.password().is_none()
            && url.query().is_none()
            && url.fragment().is_none()
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_plain_one_of_http() {
        for good in ["http://127.0.0.1:4318", "https://otlp.example/base"] {
            assert!(is_address(good), "{good}");
        }
        for bad in [
            "collector:4318",
            "grpc://collector:4317",
            "http://user:password@collector",
            "http://collector?key=1",
            "http://collector/#x",
        ] {
            assert!(!is_address(bad), "{bad}");
        }
    }

    #[test]
    fn a_ratio_is_a_part_of_the_whole() {
        for (ratio, faults) in [(0.0, 0), (1.0, 0), (1.5, 1), (-0.1, 1), (f64::NAN, 1)] {
            let mut findings = Vec::new();
            let config = TelemetryConfig {
                sample_ratio: ratio,
                ..TelemetryConfig::default()
            };
            config.check(&mut findings);
            assert_eq!(findings.len(), faults, "{ratio}");
        }
    }
}
