//! GET /v1/jobs/{id}/events

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{Payload, hub::frames_of};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::show::job_row;
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        query::{self, Asked},
        responses::StoreFailures,
    },
    ws::without_data,
};

const EVENTS_DEFAULT: usize = 100;
const EVENTS_MAX: usize = 1_000;

/// Which events to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsAfter {
    /// Events with a greater `seq` only.
    #[serde(default, deserialize_with = "query::whole_number")]
    after: Option<u64>,
    /// Events of a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
}

/// A page of a job's events, oldest first.
#[derive(Serialize, ToSchema)]
pub struct EventsPage {
    /// Frames as the stream has them: `{seq, type, at, job, data}`.
    #[schema(value_type = Vec<Value>)]
    items: Vec<Payload>,
    /// `after` of the next page: the last `seq` read so far.
    next_after: u64,
}

/// Read the events of a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", tag = "jobs", operation_id = "list_events",
    params(("id" = String, Path, description = "Id of the job"), EventsAfter),
    responses(
        (status = 200, description = "Committed events above `after`", body = EventsPage),
        (status = 400, description = "The id is not a job id, or the query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn events(
    id: Path<String>,
    Asked(asked): Asked<EventsAfter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(asked.limit, EVENTS_DEFAULT, EVENTS_MAX)?;
    let after = asked.after.unwrap_or(0);
    let job = job_row(&desk, &caller.tenant, &id).await?.id;
    // A record has at least one event, so as many records are enough.
    let records = desk
        .house
        .coordinator
        .journal()
        .records(job, after, limit)
        .await?;
    let frames: Vec<_> = records
        .iter()
        .flat_map(frames_of)
        .filter(|frame| frame.seq > after)
        .take(limit)
        .collect();
    let next_after = frames.last().map_or(after, |frame| frame.seq);
    let whole = caller.sees_everything();
    let shown = |text: &str| match whole {
        true => text.to_owned(),
        false => without_data(text),
    };
    let items = frames
        .iter()
        .map(|frame| Payload::from_text(shown(&frame.text)).expect("a frame is one JSON value"))
        .collect();
    Ok(HttpResponse::Ok().json(EventsPage { items, next_after }))
}
