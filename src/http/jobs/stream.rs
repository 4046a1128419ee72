//! GET /v1/jobs/{id}/stream and GET /v1/stream

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::HeaderName,
    web::{Data, Path, Payload as Body},
};
use serde::Deserialize;
use utoipa::IntoParams;

use super::show::job_row;
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        query::Asked,
        responses::StreamFailures,
    },
    limits::Seats,
    ws::{self, Cursor, Feed, Source, Transport},
};

const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Where a stream begins.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct StreamAfter {
    /// Where to resume. In the stream of a job the `seq` of the last frame seen; in the stream of all jobs its `pos`, or
    /// `pos.seq` when a record may have been seen in part.
    after: Option<String>,
    /// A ticket of `POST /v1/stream-tickets`, for clients that can send no header. Good once and for 30 seconds.
    #[expect(
        dead_code,
        reason = "read before the stream is opened; named here so that it is no unknown key"
    )]
    ticket: Option<String>,
}

/// Follow a job
///
/// A websocket upgrade, or SSE. Sends `{seq, type, at, job, data}` for each committed event above `after`, and
/// `{type, at, job, data}` for progress, which is not kept. After the last event the stream ends: the websocket closes
/// with 1000. A client that reconnects with `after`, or an SSE client with `Last-Event-ID`, misses nothing.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/stream", tag = "streams", operation_id = "follow_job",
    params(
        ("id" = String, Path, description = "Id of the job"),
        StreamAfter,
        ("Last-Event-ID" = Option<String>, Header, description = "What a browser sends when it reconnects; `after` wins over it"),
    ),
    responses(
        (status = 101, description = "A websocket"),
        (status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"),
        (status = 204, description = "SSE: the job has ended and the client has every event"),
        (status = 400, description = "The id is not a job id, `after` is beyond the job's events, or the handshake is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A websocket from a page of another site", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 406, description = "Neither a websocket nor SSE is asked for", body = ProblemBody, content_type = "application/problem+json"),
        StreamFailures,
    )
)]
pub async fn job_stream(
    request: HttpRequest,
    id: Path<String>,
    Asked(asked): Asked<StreamAfter>,
    caller: Caller,
    desk: Data<Desk>,
    seats: Data<Seats>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let transport = Transport::of(&request)?;
    let row = job_row(&desk, &caller.tenant, &id).await?;
    let after = match place(&request, &asked) {
        Some(after) => after
            .parse()
            .map_err(|_| invalid_after(format!("`{after}` is not a seq")))?,
        None => 0,
    };
    if after > row.seq {
        return Err(invalid_after(format!(
            "after is {after}, but the last event of the job is {}",
            row.seq
        )));
    }
    if transport == Transport::Sse && row.state.is_final() && after == row.seq {
        return Ok(HttpResponse::NoContent().finish());
    }
    let coordinator = &desk.house.coordinator;
    let feed = Feed::of_job(coordinator.journal(), coordinator.hub(), &row, after);
    open(&request, body, feed, &caller, &seats, &desk)
}

/// Follow all jobs
///
/// As the stream of one job, with frames `{pos, seq, type, at, job, data}`, without an end. Without `after` it begins
/// with whatever happens next. Where events after `after` may have been pruned, `{type: "gap", from, to, reason: "pruned"}`
/// comes first, with the positions between which some may be missing; what is left of them follows.
#[utoipa::path(
    get, path = "/v1/stream", tag = "streams", operation_id = "follow_jobs",
    params(
        StreamAfter,
        ("Last-Event-ID" = Option<String>, Header, description = "What a browser sends when it reconnects; `after` wins over it"),
    ),
    responses(
        (status = 101, description = "A websocket"),
        (status = 200, description = "Server-sent events", body = String, content_type = "text/event-stream"),
        (status = 400, description = "`after` is not a position or is beyond the last, or the handshake is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A websocket from a page of another site", body = ProblemBody, content_type = "application/problem+json"),
        (status = 406, description = "Neither a websocket nor SSE is asked for", body = ProblemBody, content_type = "application/problem+json"),
        StreamFailures,
    )
)]
pub async fn tenant_stream(
    request: HttpRequest,
    Asked(asked): Asked<StreamAfter>,
    caller: Caller,
    desk: Data<Desk>,
    seats: Data<Seats>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let coordinator = &desk.house.coordinator;
    let after = match place(&request, &asked) {
        None => None,
        Some(after) => {
            let cursor: Cursor = after
                .parse()
                .map_err(|error| invalid_after(format!("{error}")))?;
            if cursor
                .is_beyond(&**coordinator.journal(), &caller.tenant)
                .await?
            {
                let detail = format!("after is {after}, but no event has come so far");
                return Err(invalid_after(detail));
            }
            Some(cursor)
        }
    };
    let feed = Feed::of_tenant(
        coordinator.journal(),
        coordinator.hub(),
        caller.tenant.clone(),
        after,
    );
    open(&request, body, feed, &caller, &seats, &desk)
}

fn open(
    request: &HttpRequest,
    body: Body,
    feed: Feed,
    caller: &Caller,
    seats: &Seats,
    desk: &Desk,
) -> Result<HttpResponse, Problem> {
    if desk.is_draining() {
        return Err(Problem::draining());
    }
    let feed = if caller.sees_everything() {
        feed
    } else {
        feed.bare()
    };
    Ok(ws::open(
        request,
        body,
        Source::Events(Box::new(feed)),
        seats,
        desk.authority.standing(&caller.principal),
        desk.shutdown.clone(),
    )?)
}

fn place<'a>(request: &'a HttpRequest, asked: &'a StreamAfter) -> Option<&'a str> {
    let last_event_id = || {
        request
            .headers()
            .get(LAST_EVENT_ID)
            .and_then(|id| id.to_str().ok())
    };
    asked.after.as_deref().or_else(last_event_id)
}

fn invalid_after(detail: String) -> Problem {
    Problem::new(Kind::Malformed, "invalid_after", detail).field("after")
}
