//! GET /v1/approvals

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::{
    ApprovalId, JobId,
    journal::{ApprovalState, ApprovalsQuery},
};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{ApprovalStateName, ApprovalView};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        filtering::FilteredPage,
        query::{self, Asked},
        responses::StoreFailures,
    },
    store::{APPROVALS, Filtered},
};

const APPROVALS_DEFAULT: usize = 50;
const APPROVALS_MAX: usize = 200;

/// Which approvals to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct ApprovalsFilter {
    /// Approvals in this state only.
    #[serde(default, deserialize_with = "named_state")]
    #[param(value_type = Option<ApprovalStateName>, inline)]
    state: Option<ApprovalState>,
    /// Approvals of this job only.
    #[param(value_type = Option<String>)]
    job: Option<JobId>,
    /// Approvals that this holds of only, such as `state = 'pending' and expires_at < 2026-01-31T00:00:00Z`; see the section on filters.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// Approvals of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of approvals, newest first.
#[derive(Serialize, ToSchema)]
pub struct ApprovalsPage {
    items: Vec<ApprovalView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List approvals, newest first
#[utoipa::path(
    get, path = "/v1/approvals", tag = "approvals", operation_id = "list_approvals",
    description = "A filter that no index serves is answered with a `Warning` header, and a page of it may be short, or empty, while `next_cursor` leads on.",
    params(ApprovalsFilter),
    responses(
        (status = 200, description = "A page of approvals", body = ApprovalsPage),
        (status = 400, description = "The query or its filter cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(filter): Asked<ApprovalsFilter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(filter.limit, APPROVALS_DEFAULT, APPROVALS_MAX)?;
    let (cursor, condition) = (filter.cursor.as_deref(), filter.filter.as_deref());
    let page = FilteredPage::of(limit, cursor, condition, &APPROVALS)?;
    let wanted = ApprovalsQuery {
        tenant: caller.tenant,
        state: filter.state,
        job: filter.job,
        before: page.before.map(ApprovalId::from_uuid),
        limit: page.rows(),
    };
    let found = match &page.filter {
        Some(filter) => desk.listing.approvals(&wanted, filter).await?,
        None => Filtered::all(desk.house.coordinator.journal().approvals(&wanted).await?),
    };
    let (rows, next_cursor) = page.cut(found, |row| row.id.uuid());
    Ok(page.answer().json(ApprovalsPage {
        items: rows.iter().map(ApprovalView::of).collect(),
        next_cursor,
    }))
}

fn named_state<'de, D: Deserializer<'de>>(
    deserializer: D,
) -> Result<Option<ApprovalState>, D::Error> {
    query::named(deserializer, ApprovalState::ALL, ApprovalState::name)
}
