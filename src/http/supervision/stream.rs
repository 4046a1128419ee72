//! GET /v1/supervision/stream

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload as Body},
};

use crate::{
    auth::Permission,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
    },
    limits::Seats,
    ws::{self, Source, SupervisionFeed, SupervisionFrame},
};

/// Follow the supervision tree
///
/// A websocket upgrade, or SSE. Begins with whatever happens next. A client that lags gets
/// `{type: "gap", from, to, missed, reason}` in place of the events it missed. `cause` and `task` are for who has
/// `supervision:operate`.
#[utoipa::path(
    get, path = "/v1/supervision/stream", tag = "streams", operation_id = "follow_supervision",
    responses(
        (status = 101, description = "A websocket"),
        (status = 200, description = "Server-sent events", body = SupervisionFrame, content_type = "text/event-stream"),
        (status = 400, description = "The handshake is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 403, description = "A websocket from a page of another site", body = ProblemBody, content_type = "application/problem+json"),
        (status = 406, description = "Neither a websocket nor SSE is asked for", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many streams of this caller or its tenant are open", body = ProblemBody, content_type = "application/problem+json"),
        (status = 503, description = "Too many streams are open, or the server shuts down", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn stream(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    seats: Data<Seats>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    if desk.is_draining() {
        return Err(Problem::draining());
    }
    let source = Source::Supervision(SupervisionFeed::new(
        desk.universe.events(),
        caller.may(Permission::SupervisionOperate),
    ));
    Ok(ws::open(
        &request,
        body,
        source,
        &seats,
        desk.authority.standing(&caller.principal),
        desk.shutdown.clone(),
    )?)
}
