//! GET /v1/jobs

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::{
    JobId,
    job::JobState,
    journal::{JobRow, JobsQuery},
};
use serde::{Deserialize, Deserializer, Serialize, de::Error as _};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use super::view::{JobStateName, JobView};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    query::{self, Asked},
};

const JOBS_DEFAULT: usize = 50;
const JOBS_MAX: usize = 200;
/// Marks a cursor, so that a job id is not taken for one.
const CURSOR_PREFIX: &str = "c";

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
    /// Jobs of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// `next_cursor` of the page before.
    cursor: Option<String>,
}

/// A page of jobs, newest first.
#[derive(Serialize, ToSchema)]
pub struct JobsPage {
    items: Vec<JobView>,
    /// Where the next page begins; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// List jobs, newest first
#[utoipa::path(
    get, path = "/v1/jobs", tag = "jobs", operation_id = "list_jobs",
    params(JobsFilter),
    responses(
        (status = 200, description = "A page of jobs, without input and result", body = JobsPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, description = "Internal error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn list(
    Asked(filter): Asked<JobsFilter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(filter.limit, JOBS_DEFAULT, JOBS_MAX)?;
    let wanted = JobsQuery {
        tenant: caller.0,
        kind: filter.kind,
        state: filter.state,
        before: filter.cursor.as_deref().map(read_cursor).transpose()?,
        // One more than asked tells whether there is another page.
        limit: limit + 1,
    };
    let mut rows = desk.house.coordinator.journal().jobs(&wanted).await?;
    let more = rows.len() > limit;
    rows.truncate(limit);
    let next_cursor = rows.last().filter(|_| more).map(cursor_after);
    Ok(HttpResponse::Ok().json(JobsPage {
        items: rows.iter().map(JobView::in_list).collect(),
        next_cursor,
    }))
}

fn named_state<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Option<JobState>, D::Error> {
    let text = String::deserialize(deserializer)?;
    let named = JobState::ALL.into_iter().find(|state| state.name() == text);
    named.map(Some).ok_or_else(|| {
        let names = JobState::ALL.map(JobState::name).join(", ");
        D::Error::custom(format!("`{text}` is not one of {names}"))
    })
}

fn cursor_after(row: &JobRow) -> String {
    format!("{CURSOR_PREFIX}{}", row.id.uuid().simple())
}

fn read_cursor(text: &str) -> Result<JobId, Problem> {
    let hex = text.strip_prefix(CURSOR_PREFIX);
    hex.and_then(|hex| Uuid::try_parse(hex).ok())
        .map(JobId::from_uuid)
        .ok_or_else(|| {
            let detail = format!("`{text}` is not a cursor that this server gave");
            Problem::new(Kind::Malformed, "invalid_cursor", detail).field("cursor")
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_job_id_is_not_a_cursor() {
        assert!(read_cursor(&JobId::mint().to_string()).is_err());
        assert!(read_cursor("").is_err());
    }
}
