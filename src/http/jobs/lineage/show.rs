//! GET /v1/jobs/{id}/lineage

use std::collections::BTreeMap;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{CACHE_CONTROL, ETAG, EntityTag},
    web::{Data, Path},
};
use callboard_orchestra::{
    FactId, JobId, TaskId,
    job::JobEvent,
    journal::{Journal, JournalError},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::graph::{self, Lineage};
use crate::http::{
    caller::Caller,
    conditional,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    jobs::show::{job_row, replayed_job},
    query::Asked,
    responses::StoreFailures,
};

/// Records read from the journal at one time.
const RECORDS_PAGE: usize = 1_000;

/// Whose lineage to show.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct LineageOf {
    /// A fact: the answer holds it and what it rests on, and nothing else.
    #[param(example = "fact_3.1")]
    fact: Option<String>,
}

/// Show what the facts of a job rest on
#[utoipa::path(
    get, path = "/v1/jobs/{id}/lineage", tag = "jobs", operation_id = "show_lineage",
    params(
        ("id" = String, Path, description = "Id of the job"),
        LineageOf,
        ("If-None-Match" = Option<String>, Header, description = "ETags that the client has"),
    ),
    responses(
        (status = 200, description = "Facts, the tasks behind them and what quotes them, as a graph", body = Lineage,
            headers(("ETag" = Option<String>, description = "Of a job that has ended: its lineage changes no more"))),
        (status = 304, description = "The client has it"),
        (status = 400, description = "The id is not a job id, or the query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job, or no such fact", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn lineage(
    request: HttpRequest,
    id: Path<String>,
    Asked(asked): Asked<LineageOf>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let fact = asked.fact.as_deref().map(fact_id).transpose()?;
    let row = job_row(&desk, &caller.tenant, &id).await?;
    let etag = row.state.is_final().then(|| {
        let version = env!("CARGO_PKG_VERSION");
        EntityTag::new_strong(format!("{version}-{}", row.seq))
    });
    if let Some(etag) = &etag
        && conditional::client_has(&request, etag)
    {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag.clone()))
            .finish());
    }
    let job = replayed_job(&desk, &caller.tenant, &id).await?;
    let lineage = match fact {
        Some(fact) => graph::ancestry(&job, fact).ok_or_else(|| {
            let detail = format!("the job has no fact {fact}");
            Problem::new(Kind::NotFound, "fact_not_found", detail)
        })?,
        None => {
            let quotes = quotes(&**desk.house.coordinator.journal(), job.id).await?;
            graph::whole(&job, &quotes)
        }
    };
    let mut response = HttpResponse::Ok();
    if let Some(etag) = etag {
        response.insert_header((ETAG, etag));
        response.insert_header((CACHE_CONTROL, "private, no-cache"));
    }
    Ok(response.json(lineage))
}

fn fact_id(text: &str) -> Result<FactId, Problem> {
    text.parse().map_err(|error| {
        Problem::new(Kind::Malformed, "invalid_query", format!("{error}")).field("fact")
    })
}

/// The facts that each task quotes. A job in memory does not keep them; its events do.
async fn quotes(
    journal: &dyn Journal,
    job: JobId,
) -> Result<BTreeMap<TaskId, Vec<FactId>>, JournalError> {
    let mut quotes = BTreeMap::new();
    let mut after = 0;
    loop {
        let records = journal.records(job, after, RECORDS_PAGE).await?;
        let Some(last) = records.last() else {
            return Ok(quotes);
        };
        after = last.first_seq + last.events.len() as u64 - 1;
        for event in records.iter().flat_map(|record| record.events.iter()) {
            if let JobEvent::TaskSucceeded {
                task, quotes: of, ..
            } = event
                && !of.is_empty()
            {
                quotes.insert(*task, of.clone());
            }
        }
    }
}
