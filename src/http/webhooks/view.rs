//! How endpoints and deliveries are shown.

use callboard_orchestra::{Timestamp, audit::AuditEntry};
use serde::Serialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use crate::{
    http::{
        caller::Caller,
        error::{Kind, Problem},
        query,
    },
    store::{webhook_delivery, webhook_endpoint},
    webhooks::{DeliveryId, WebhookId},
};

/// Where events are sent.
#[derive(Serialize, ToSchema)]
#[schema(as = Webhook)]
pub struct WebhookView {
    #[schema(value_type = String, example = "whk_0198c0de00007000800000000000002a")]
    id: WebhookId,
    url: String,
    /// Types that are sent, such as `job.succeeded` or `job.*`; all when there are none.
    event_types: Vec<String>,
    enabled: bool,
    /// Why nothing more is sent.
    #[serde(skip_serializing_if = "Option::is_none")]
    disabled_because: Option<String>,
    created_at: String,
    /// Since when every attempt has failed.
    #[serde(skip_serializing_if = "Option::is_none")]
    failing_since: Option<String>,
    /// What signatures are made with. Shown when the endpoint is made, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
}

/// One event on its way to one endpoint.
#[derive(Serialize, ToSchema)]
#[schema(as = Delivery)]
pub struct DeliveryView {
    #[schema(value_type = String, example = "dlv_0198c0de00007000800000000000002a")]
    id: DeliveryId,
    #[schema(example = "job.succeeded")]
    event_type: String,
    /// `pending`, `delivered` or `failed`.
    state: &'static str,
    attempts: i64,
    created_at: String,
    /// When it is tried again.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_at: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ended_at: Option<String>,
    /// Status of the last answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<i32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<String>,
}

fn told(millis: i64) -> String {
    Timestamp::from_millis(millis).rfc3339()
}

impl WebhookView {
    pub fn of(row: &webhook_endpoint::Model) -> Self {
        Self {
            id: WebhookId::from_uuid(row.id),
            url: row.url.clone(),
            event_types: serde_json::from_str(&row.event_types).unwrap_or_default(),
            enabled: row.enabled,
            disabled_because: row.disabled_because.clone(),
            created_at: told(row.created_at),
            failing_since: row.failing_since.map(told),
            secret: None,
        }
    }

    /// With the secret, for the one who made it.
    pub fn of_new(row: &webhook_endpoint::Model) -> Self {
        Self {
            secret: Some(row.secret.clone()),
            ..Self::of(row)
        }
    }
}

impl DeliveryView {
    pub fn of(row: &webhook_delivery::Model) -> Self {
        Self {
            id: DeliveryId::from_uuid(row.id),
            event_type: row.event_type.clone(),
            state: row.state.name(),
            attempts: row.attempts,
            created_at: told(row.created_at),
            next_at: row.ended_at.is_none().then(|| told(row.next_at)),
            ended_at: row.ended_at.map(told),
            status: row.status,
            error: row.error.clone(),
        }
    }
}

const INVALID_ID: &str = "invalid_webhook_id";

pub fn read_endpoint_id(text: &str) -> Result<Uuid, Problem> {
    query::id(text, INVALID_ID).map(WebhookId::uuid)
}

pub fn read_delivery_id(text: &str) -> Result<Uuid, Problem> {
    query::id(text, INVALID_ID).map(DeliveryId::uuid)
}

/// The endpoint does not exist, or belongs to another tenant.
pub fn no_such_webhook() -> Problem {
    Problem::new(Kind::NotFound, "webhook_not_found", "no such webhook")
}

/// What the audit log is told.
pub fn entry(caller: &Caller, action: &'static str, id: Uuid, url: &str) -> AuditEntry {
    caller.entry(action, WebhookId::from_uuid(id), json!({"url": url}))
}
