//! GET /v1/jobs

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::{JobId, job::JobState, journal::JobsQuery};
use serde::{Deserialize, Deserializer, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::{JobStateName, JobView};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        filtering::FilteredPage,
        query::{self, Asked},
        responses::StoreFailures,
    },
    store::{Filtered, JOBS},
};

const JOBS_DEFAULT: usize = 50;
const JOBS_MAX: usize = 200;

/// Which jobs to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct JobsFilter {
    /// Jobs in this state only.
    #[serde(default, deserialize_with = "named_state")]
    #[param(value_type = Option<JobStateName>, inline)]
    state: Option<JobState>,
    /// Jobs of this kind only.
    kind: Option<String>,
    /// Jobs that this holds of only, such as `state in ('failed', 'cancelled') and labels.team = 'core'`.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// Jobs of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of jobs, newest first.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobsPage {
    pub items: Vec<JobView>,
    /// Where the next page begins; missing on the last.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

/// List jobs, newest first
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs", operation_id = "list_jobs",
    description = "A filter that no index serves is answered with a `Warning` header, and a page of it may be short, or empty, while `next_cursor` leads on.",
    params(JobsFilter),
    responses(
        (status = 200, description = "A page of jobs, without input and result", body = JobsPage),
        (status = 400, description = "The query or its filter cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(filter): Asked<JobsFilter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(filter.limit, JOBS_DEFAULT, JOBS_MAX)?;
    let (cursor, condition) = (filter.cursor.as_deref(), filter.filter.as_deref());
    let page = FilteredPage::of(limit, cursor, condition, &JOBS)?;
    let wanted = JobsQuery {
        tenant: caller.tenant.clone(),
        kind: filter.kind,
        state: filter.state,
        before: page.before.map(JobId::from_uuid),
        limit: page.rows(),
    };
    let found = match &page.filter {
        Some(filter) => desk.listing.jobs(&wanted, filter).await?,
        None => Filtered::all(desk.house.coordinator.journal().jobs(&wanted).await?),
    };
    let (rows, next_cursor) = page.cut(found, |row| row.id.uuid());
    Ok(page.answer().json(JobsPage {
        items: rows
            .iter()
            .map(|row| JobView::in_list(row).seen_by(&caller))
            .collect(),
        next_cursor,
    }))
}

fn named_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JobState>, D::Error> {
    query::named(deserializer, JobState::ALL, JobState::name)
}
