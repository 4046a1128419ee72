//! POST /v1/webhooks and PATCH /v1/webhooks/{id}

use actix_web::{
    HttpRequest, HttpResponse,
    http::header,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::{AuditEntry, Timestamp};
use reqwest::Url;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;
use uuid::Uuid;

use super::view::{WebhookView, entry, no_such_webhook, read_endpoint_id};
use crate::{
    auth::Permission,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        json,
        responses::StoreFailures,
    },
    store::webhook_endpoint,
    webhooks::{SecretKey, WebhookId},
};

/// Endpoints of one tenant.
const ENDPOINTS_MAX: u64 = 100;
const URL_BYTES_MAX: usize = 2_048;
const TYPES_MAX: usize = 50;
const TYPE_BYTES_MAX: usize = 100;

/// Where events are to be sent.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewWebhook {
    /// An http or https URL without a user or a fragment.
    #[schema(max_length = 2048, example = "https://hooks.example/callboard")]
    url: String,
    /// Types to send, such as `job.succeeded` or `job.*`; all when there are none.
    #[serde(default)]
    #[schema(max_items = 50, example = json!(["job.succeeded", "job.failed"]))]
    event_types: Vec<String>,
}

/// What is to be otherwise.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedWebhook {
    #[serde(default)]
    url: Option<String>,
    #[serde(default)]
    event_types: Option<Vec<String>>,
    /// One that is enabled again goes on where it was.
    #[serde(default)]
    enabled: Option<bool>,
}

/// Have events sent
///
/// Events are signed by Standard Webhooks and come as CloudEvents, at least once each. The secret is in this answer alone.
/// Needs `results:read` and `logs:read` as well, for events have what these permit to read.
#[utoipa::path(
    post, path = "/v1/webhooks", tag = "webhooks", operation_id = "create_webhook",
    request_body = NewWebhook,
    responses(
        (status = 201, description = "Made, with its secret", body = WebhookView),
        (status = 400, description = "The body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "There are too many", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The URL or a type cannot be", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn create(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    require_sight(&caller, &desk, "post", "/v1/webhooks")?;
    json::require_json(&request)?;
    let body = json::read_body(body, &desk.limits).await?;
    let NewWebhook { url, event_types } = json::parse(&body)?;
    check_url(&desk, &url)?;
    check_types(&event_types)?;
    if desk.webhooks.count(&caller.tenant).await? >= ENDPOINTS_MAX {
        let detail = format!("a tenant has at most {ENDPOINTS_MAX} webhooks");
        return Err(Problem::new(Kind::Conflict, "too_many_webhooks", detail));
    }
    let id = Uuid::now_v7();
    let new = webhook_endpoint::Model {
        id,
        tenant: caller.tenant.as_str().to_owned(),
        event_types: text_of(&event_types),
        secret: SecretKey::mint().reveal().to_owned(),
        enabled: true,
        disabled_because: None,
        created_at: Timestamp::now().millis(),
        cursor: 0,
        failing_since: None,
        url,
    };
    let entry = entry(&caller, "webhook.created", id, &new.url);
    let row = desk.webhooks.create(new, entry).await?;
    desk.wake_webhooks.notify_one();
    Ok(HttpResponse::Created()
        .insert_header((
            header::LOCATION,
            format!("/v1/webhooks/{}", WebhookId::from_uuid(id)),
        ))
        .json(WebhookView::of_new(&row)))
}

/// Change a webhook
///
/// Needs `results:read` and `logs:read` as well.
#[utoipa::path(
    patch, path = "/v1/webhooks/{id}", tag = "webhooks", operation_id = "change_webhook",
    params(("id" = String, Path, description = "Id of the webhook")),
    request_body = ChangedWebhook,
    responses(
        (status = 200, description = "As it is from here on", body = WebhookView),
        (status = 400, description = "The id is not the id of a webhook, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such webhook", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "The URL or a type cannot be", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn change(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    require_sight(&caller, &desk, "patch", "/v1/webhooks/{id}")?;
    let id = read_endpoint_id(&id)?;
    json::require_json(&request)?;
    let body = json::read_body(body, &desk.limits).await?;
    let changed: ChangedWebhook = json::parse(&body)?;
    let found = desk.webhooks.show(&caller.tenant, id).await?;
    let mut row = found.ok_or_else(no_such_webhook)?;
    if let Some(url) = changed.url {
        check_url(&desk, &url)?;
        row.url = url;
    }
    if let Some(types) = changed.event_types {
        check_types(&types)?;
        row.event_types = text_of(&types);
    }
    match changed.enabled {
        Some(true) if !row.enabled => {
            row.enabled = true;
            row.disabled_because = None;
            row.failing_since = None;
        }
        Some(false) if row.enabled => {
            row.enabled = false;
            row.disabled_because = Some("it was switched off".to_owned());
        }
        Some(_) | None => {}
    }
    let entry = entry(&caller, "webhook.changed", id, &row.url);
    desk.webhooks.change(row.clone(), entry).await?;
    desk.wake_webhooks.notify_one();
    Ok(HttpResponse::Ok().json(WebhookView::of(&row)))
}

/// An endpoint is sent inputs, results and the texts of errors: who says where needs to be one who may read them.
fn require_sight(
    caller: &Caller,
    desk: &Desk,
    method: &'static str,
    path: &'static str,
) -> Result<(), Problem> {
    let needed = [Permission::ResultsRead, Permission::LogsRead];
    let Some(needed) = needed.into_iter().find(|needed| !caller.may(*needed)) else {
        return Ok(());
    };
    let details = json!({"method": method, "path": path, "permission": needed.name()});
    desk.denials.note(AuditEntry {
        subject: None,
        ..caller.entry("permission.denied", "", details)
    });
    Err(Problem::permission_denied(needed))
}

fn text_of(types: &[String]) -> String {
    serde_json::to_string(types).expect("a list of texts is plain data")
}

fn check_url(desk: &Desk, text: &str) -> Result<(), Problem> {
    let refused = |detail: String| {
        Err(Problem::new(Kind::Invalid, "invalid_webhook_url", detail).field("url"))
    };
    if text.len() > URL_BYTES_MAX {
        return refused(format!("a URL has at most {URL_BYTES_MAX} bytes"));
    }
    let url = match Url::parse(text) {
        Ok(url) => url,
        Err(error) => return refused(format!("the URL cannot be read: {error}")),
    };
    let is_plain = ["http", "https"].contains(&url.scheme())
        && url.username().is_empty()
        && url.password().is_none()
        && url.fragment().is_none();
    if !is_plain {
        return refused("the URL must be http or https, without a user or a fragment".to_owned());
    }
    match desk.outbound.check(&url) {
        Ok(()) => Ok(()),
        Err(error) => refused(error.to_string()),
    }
}

fn check_types(types: &[String]) -> Result<(), Problem> {
    let is_type = |text: &String| {
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"._*".contains(&byte);
        (1..=TYPE_BYTES_MAX).contains(&text.len()) && text.bytes().all(plain)
    };
    if types.len() <= TYPES_MAX && types.iter().all(is_type) {
        return Ok(());
    }
    let detail = format!("up to {TYPES_MAX} types such as `job.succeeded` or `job.*`");
    Err(Problem::new(Kind::Invalid, "invalid_event_types", detail).field("event_types"))
}
