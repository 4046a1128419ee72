//! GET /v1/webhooks

use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::WebhookView;
use crate::http::{
    caller::Caller,
    cursor,
    desk::Desk,
    error::{Problem, ProblemBody},
    query::{self, Asked},
    responses::StoreFailures,
};

const PAGE_DEFAULT: usize = 50;
const PAGE_MAX: usize = 200;

/// Which part of a list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct Page {
    /// Items of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    pub limit: Option<usize>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl Page {
    /// Items of the page, and the last one before it.
    pub fn bounds(&self) -> Result<(usize, Option<uuid::Uuid>), Problem> {
        let limit = query::page_limit(self.limit, PAGE_DEFAULT, PAGE_MAX)?;
        let before = self.cursor.as_deref().map(cursor::read).transpose()?;
        Ok((limit, before))
    }
}

/// A page of webhooks, newest first.
#[derive(Serialize, ToSchema)]
pub struct WebhooksPage {
    items: Vec<WebhookView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List webhooks, newest first
#[utoipa::path(
    get, path = "/v1/webhooks", tag = "webhooks", operation_id = "list_webhooks",
    params(Page),
    responses(
        (status = 200, description = "A page of webhooks, without their secrets", body = WebhooksPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(page): Asked<Page>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let (limit, before) = page.bounds()?;
    let wanted = cursor::rows_of(limit);
    let mut rows = desk.webhooks.list(&caller.tenant, before, wanted).await?;
    let next_cursor = cursor::cut(&mut rows, limit, |row| row.id);
    Ok(HttpResponse::Ok().json(WebhooksPage {
        items: rows.iter().map(WebhookView::of).collect(),
        next_cursor,
    }))
}
