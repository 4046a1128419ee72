//! GET /v1/jobs/{id}/events

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{
    Payload,
    hub::{Frame, frames_of},
    journal::StoredRecord,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::show::job_row;
use crate::{
    filter::{Kind, Schema, parse},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        filtering::{self, SCAN_EVENTS_MAX, event_field},
        query::{self, Asked},
        responses::StoreFailures,
    },
    ws::without_data,
};

const EVENTS_DEFAULT: usize = 100;
const EVENTS_MAX: usize = 1_000;

/// What events of a job can be filtered by.
static EVENTS: Schema = Schema {
    resource: "events",
    fields: &[
        event_field("type", Kind::Text, "/type"),
        event_field("seq", Kind::Number, "/seq"),
        event_field("at", Kind::Time, "/at"),
        event_field("task", Kind::Number, "/data/task"),
    ],
};

/// Which events to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct EventsAfter {
    /// Events with a greater `seq` only.
    #[serde(default, deserialize_with = "query::whole_number")]
    after: Option<u64>,
    /// Events that this holds of only, such as `type in ('task_started', 'task_failed')`.
    #[param(max_length = 4096)]
    filter: Option<String>,
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
    /// `after` of the next page: the last `seq` read so far. A page of a filter may be short while there is more.
    next_after: u64,
}

/// Read the events of a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}/events", tag = "jobs", operation_id = "list_events",
    params(("id" = String, Path, description = "Id of the job"), EventsAfter),
    responses(
        (status = 200, description = "Committed events above `after`", body = EventsPage),
        (status = 400, description = "The id is not a job id, or the query or its filter cannot be read", body = ProblemBody, content_type = "application/problem+json"),
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
    let journal = desk.house.coordinator.journal();
    let filter = asked.filter.as_deref().map(|text| parse(text, &EVENTS));
    let Some(filter) = filter.transpose()? else {
        // A record has at least one event, so as many records are enough.
        let records = journal.records(job, after, limit).await?;
        let frames: Vec<_> = frames_above(&records, after).take(limit).collect();
        let next_after = frames.last().map_or(after, |frame| frame.seq);
        let items = frames
            .iter()
            .map(|frame| shown_to(&caller, frame))
            .collect();
        return Ok(HttpResponse::Ok().json(EventsPage { items, next_after }));
    };
    let (mut items, mut next_after, mut seen) = (Vec::new(), after, 0);
    'pages: while seen < SCAN_EVENTS_MAX {
        let records = journal.records(job, next_after, EVENTS_MAX).await?;
        if records.is_empty() {
            break;
        }
        for frame in frames_above(&records, next_after) {
            if items.len() == limit {
                break 'pages;
            }
            seen += 1;
            next_after = frame.seq;
            let event = serde_json::from_str(&frame.text).expect("a frame is one JSON value");
            if filtering::chooses(&filter, &EVENTS, &event) {
                items.push(shown_to(&caller, &frame));
            }
        }
    }
    let mut response = HttpResponse::Ok();
    response.insert_header(filtering::unindexed());
    Ok(response.json(EventsPage { items, next_after }))
}

/// In order.
fn frames_above(records: &[StoredRecord], after: u64) -> impl Iterator<Item = Frame> {
    let frames = records.iter().flat_map(frames_of);
    frames.filter(move |frame| frame.seq > after)
}

fn shown_to(caller: &Caller, frame: &Frame) -> Payload {
    let text = match caller.sees_everything() {
        true => frame.text.to_string(),
        false => without_data(&frame.text),
    };
    Payload::from_text(text).expect("a frame is one JSON value")
}
