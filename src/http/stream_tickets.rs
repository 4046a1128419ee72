//! POST /v1/stream-tickets

use actix_web::{HttpResponse, http::header::CACHE_CONTROL, web::Data};
use callboard_orchestra::coordinator::RETRY_AFTER;
use serde::Serialize;
use utoipa::ToSchema;

use super::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    responses::StoreFailures,
};
use crate::auth::{NoTicket, TICKET_TTL};

/// A ticket for one stream.
#[derive(Serialize, ToSchema)]
pub struct StreamTicket {
    /// What to put into the query of a stream, as `ticket`.
    ticket: String,
    /// Seconds to use it.
    #[schema(example = 30)]
    expires_in_s: u64,
}

/// Get a ticket for one stream
///
/// For clients that can send no header when they open one. It is good once, for 30 seconds, and for what the caller may do.
#[utoipa::path(
    post, path = "/v1/stream-tickets", tag = "streams", operation_id = "issue_stream_ticket",
    responses(
        (status = 201, description = "The ticket", body = StreamTicket),
        (status = 429, description = "Too many tickets of this caller or its tenant wait to be used", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn issue(caller: Caller, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let ticket = desk.authority.issue_ticket(&caller.principal);
    let ticket = ticket.map_err(|error| {
        let kind = match error {
            NoTicket::All => Kind::Unavailable,
            NoTicket::Own => Kind::RateLimited,
        };
        Problem::new(kind, "too_many_tickets", error.to_string()).retry_after(RETRY_AFTER)
    })?;
    Ok(HttpResponse::Created()
        .insert_header((CACHE_CONTROL, "no-store"))
        .json(StreamTicket {
            ticket: ticket.reveal().to_owned(),
            expires_in_s: TICKET_TTL.as_secs(),
        }))
}
