//! Sends deliveries. At least once: a receiver tells a repeated one by its `webhook-id`.
//!
//! Each round turns new records into deliveries, then sends those that are due. What a crash cuts off is found again in
//! the store: records behind the cursor, deliveries that are pending.

use std::{collections::HashMap, sync::Arc, time::Duration};

use callboard_orchestra::{
    JobId, Timestamp, TraceContext,
    hub::frames_of,
    journal::{JournalError, StoredRecord},
};
use callboard_runtime::{Home, Universe};
use futures_util::{StreamExt, stream};
use reqwest::{Client, StatusCode, Url, header::CONTENT_TYPE};
use serde_json::Value;
use tokio::sync::Notify;
use uuid::Uuid;

use super::{
    envelope::{cloud_event, event_type, is_wanted, span_of},
    origin::Origins,
    signature::{SecretKey, sign},
};
use crate::{
    config::WebhooksConfig,
    outbound::Outbound,
    spans::TRACEPARENT,
    store::{Attempted, DeliveryState, Webhooks, webhook_delivery, webhook_endpoint},
};

/// How often the store is asked for new records.
const ROUND_EVERY: Duration = Duration::from_millis(500);
/// Records that become deliveries in one transaction.
const RECORDS_MAX: usize = 100;
/// Deliveries sent in one round, and at one time.
const SENT_MAX: usize = 64;
const SENT_AT_ONCE_MAX: usize = 16;
/// Time for a receiver to answer.
const ANSWER_MAX: Duration = Duration::from_secs(10);
const CONNECT_MAX: Duration = Duration::from_secs(5);
/// Longest wait between two attempts.
const RETRY_MAX: Duration = Duration::from_secs(3_600);
const CLOUD_EVENTS: &str = "application/cloudevents+json; charset=utf-8";
/// Longest text of an error that is kept.
const ERROR_BYTES_MAX: usize = 300;

struct Dispatcher {
    webhooks: Webhooks,
    config: WebhooksConfig,
    outbound: Outbound,
    client: Client,
    origins: Origins,
}

/// Starts it. `wake` begins a round at once. Errors when no HTTP client can be made.
pub fn run(
    universe: &Universe,
    webhooks: Webhooks,
    config: &WebhooksConfig,
    outbound: Outbound,
    origins: Origins,
    wake: Arc<Notify>,
) -> Result<(), reqwest::Error> {
    let client = outbound
        .client()
        .connect_timeout(CONNECT_MAX)
        .timeout(ANSWER_MAX)
        .build()?;
    let dispatcher = Dispatcher {
        webhooks,
        config: config.clone(),
        outbound,
        client,
        origins,
    };
    universe.spawn(Home::Core, async move {
        loop {
            match dispatcher.round().await {
                // There may be more.
                Ok(true) => continue,
                Ok(false) => {}
                // The writer ends the process.
                Err(JournalError::Fenced { .. }) => return,
                Err(error) => tracing::warn!(error = %error, "a round of webhooks failed"),
            }
            // Either is a reason to look.
            let _ = tokio::time::timeout(ROUND_EVERY, wake.notified()).await;
        }
    });
    Ok(())
}

impl Dispatcher {
    /// Answers whether it did anything.
    async fn round(&self) -> Result<bool, JournalError> {
        let mut did = false;
        for endpoint in self.webhooks.enabled().await? {
            match self.take_in(&endpoint).await {
                Ok(any) => did |= any,
                Err(fenced @ JournalError::Fenced { .. }) => return Err(fenced),
                // The others get theirs.
                Err(error) => tracing::warn!(
                    webhook.id = %endpoint.id, error = %error,
                    "records did not become deliveries of a webhook"
                ),
            }
        }
        let due = self.webhooks.due(Timestamp::now(), SENT_MAX).await?;
        if due.is_empty() {
            return Ok(did);
        }
        let attempted: Vec<Attempted> = stream::iter(due)
            .map(async |(delivery, endpoint)| self.send(&delivery, &endpoint).await)
            .buffer_unordered(SENT_AT_ONCE_MAX)
            .collect()
            .await;
        self.webhooks.note(attempted, Timestamp::now()).await?;
        Ok(true)
    }

    /// Turns new records into deliveries of one endpoint; answers whether there were any.
    async fn take_in(&self, endpoint: &webhook_endpoint::Model) -> Result<bool, JournalError> {
        let records = self.webhooks.undelivered(endpoint, RECORDS_MAX).await?;
        let Some(last) = records.last() else {
            return Ok(false);
        };
        let spans = self.origins.of(&records).await?;
        let new = self.deliveries(endpoint, &records, &spans);
        self.webhooks.keep(endpoint.id, last.pos, new).await?;
        Ok(true)
    }

    fn deliveries(
        &self,
        endpoint: &webhook_endpoint::Model,
        records: &[StoredRecord],
        spans: &HashMap<JobId, TraceContext>,
    ) -> Vec<webhook_delivery::Model> {
        let wanted: Vec<String> = serde_json::from_str(&endpoint.event_types).unwrap_or_default();
        let now = Timestamp::now();
        let frames = records.iter().flat_map(frames_of);
        frames
            .filter_map(|frame| {
                let parsed: Value =
                    serde_json::from_str(&frame.text).expect("a frame is one JSON value");
                let name = event_type(&parsed);
                is_wanted(&wanted, name).then(|| webhook_delivery::Model {
                    id: Uuid::now_v7(),
                    endpoint_id: endpoint.id,
                    event_type: name.to_owned(),
                    state: DeliveryState::Pending,
                    attempts: 0,
                    created_at: now.millis(),
                    next_at: now.millis(),
                    give_up_at: now.plus(self.config.retry_for).millis(),
                    ended_at: None,
                    status: None,
                    error: None,
                    body: cloud_event(&frame, &parsed, spans.get(&frame.job).copied()),
                })
            })
            .collect()
    }

    async fn send(
        &self,
        delivery: &webhook_delivery::Model,
        endpoint: &webhook_endpoint::Model,
    ) -> Attempted {
        let answered = self.post(delivery, endpoint).await;
        let now = Timestamp::now();
        let attempts = delivery.attempts + 1;
        let (status, error) = match answered {
            Ok(status) if status.is_success() => (Some(status), None),
            Ok(status) => (
                Some(status),
                Some(format!("the receiver answered {status}")),
            ),
            Err(error) => (None, Some(error)),
        };
        let outcome = if error.is_none() {
            "delivered"
        } else {
            "failed"
        };
        metrics::counter!("callboard_webhook_attempts_total", "outcome" => outcome).increment(1);
        let next_at = now.plus(self.delay(attempts));
        let state = match &error {
            None => DeliveryState::Delivered,
            Some(_) if next_at.millis() > delivery.give_up_at => DeliveryState::Failed,
            Some(_) => DeliveryState::Pending,
        };
        Attempted {
            delivery: delivery.id,
            endpoint: endpoint.id,
            state,
            attempts,
            next_at,
            status: status.map(|status| status.as_u16()),
            disable: error
                .as_ref()
                .and_then(|_| self.disable(endpoint, status, now)),
            error,
        }
    }

    /// Why the endpoint is to get nothing more, after a failure.
    fn disable(
        &self,
        endpoint: &webhook_endpoint::Model,
        status: Option<StatusCode>,
        now: Timestamp,
    ) -> Option<String> {
        if status == Some(StatusCode::GONE) {
            return Some("the receiver answered 410: it is gone".to_owned());
        }
        let since = Timestamp::from_millis(endpoint.failing_since?);
        (now.since(since) >= self.config.disable_after)
            .then(|| format!("every attempt has failed since {}", since.rfc3339()))
    }

    /// Twice as long each time.
    fn delay(&self, attempts: i64) -> Duration {
        let doublings = u32::try_from(attempts - 1).unwrap_or(u32::MAX).min(20);
        self.config
            .first_retry
            .saturating_mul(1 << doublings)
            .min(RETRY_MAX)
    }

    async fn post(
        &self,
        delivery: &webhook_delivery::Model,
        endpoint: &webhook_endpoint::Model,
    ) -> Result<StatusCode, String> {
        let url = Url::parse(&endpoint.url).map_err(|error| error.to_string())?;
        self.outbound
            .check(&url)
            .map_err(|error| error.to_string())?;
        let id = format!("msg_{}", delivery.id.simple());
        let timestamp_s = Timestamp::now().millis().div_euclid(1_000);
        let secret = SecretKey::from_text(endpoint.secret.clone());
        let mut request = self
            .client
            .post(url)
            .header(CONTENT_TYPE, CLOUD_EVENTS)
            .header("webhook-id", &id)
            .header("webhook-timestamp", timestamp_s)
            .header(
                "webhook-signature",
                sign(&secret, &id, timestamp_s, &delivery.body),
            )
            .body(delivery.body.clone());
        if let Some(span) = span_of(&delivery.body) {
            request = request.header(TRACEPARENT, span.to_string());
        }
        request
            .send()
            .await
            .map(|response| response.status())
            .map_err(|error| {
                let mut text = causes(&error.without_url());
                while text.len() > ERROR_BYTES_MAX {
                    text.pop();
                }
                text
            })
    }
}

/// An error with its causes.
fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}
