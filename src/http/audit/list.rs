//! GET /v1/audit

use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::AuditView;
use crate::{
    audit::RecordId,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        filtering::FilteredPage,
        query::{self, Asked},
        responses::StoreFailures,
    },
    store::{AUDIT_RECORDS, AuditQuery, Filtered},
};

const RECORDS_DEFAULT: usize = 50;
const RECORDS_MAX: usize = 500;

/// Which records to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct AuditFilter {
    /// Records of this action only, such as `job.submitted`.
    action: Option<String>,
    /// Records about this id only.
    subject: Option<String>,
    /// What this principal did only.
    principal: Option<String>,
    /// Records that this chooses only, such as `action starts 'key.' and at > 2026-01-31T00:00:00Z`; see the section on filters.
    filter: Option<String>,
    /// Records of a page.
    #[param(minimum = 1, maximum = 500, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of audit records, newest first.
#[derive(Serialize, ToSchema)]
pub struct AuditPage {
    items: Vec<AuditView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List audit records, newest first
#[utoipa::path(
    get, path = "/v1/audit", tag = "audit", operation_id = "list_audit_records",
    params(AuditFilter),
    responses(
        (status = 200, description = "A page of records", body = AuditPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(filter): Asked<AuditFilter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(filter.limit, RECORDS_DEFAULT, RECORDS_MAX)?;
    let (cursor, condition) = (filter.cursor.as_deref(), filter.filter.as_deref());
    let page = FilteredPage::of(limit, cursor, condition, &AUDIT_RECORDS)?;
    let wanted = AuditQuery {
        tenant: caller.tenant,
        action: filter.action,
        subject: filter.subject,
        principal: filter.principal,
        before: page.before.map(|id| RecordId::from_uuid(id).seq()),
        limit: page.rows(),
    };
    let found = match &page.filter {
        Some(filter) => desk.audit.filtered(&wanted, filter).await?,
        None => Filtered::all(desk.audit.list(&wanted).await?),
    };
    let (rows, next_cursor) = page.cut(found, |row| row.id);
    let items = rows.iter().map(AuditView::of).collect::<Result<_, _>>()?;
    Ok(page.answer().json(AuditPage { items, next_cursor }))
}
