//! GET /v1/supervision/events

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::{Timestamp, journal::SupervisionNote};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::http::{
    desk::Desk,
    error::{Problem, ProblemBody},
    query::{self, Asked},
    responses::StoreFailures,
};

const NOTES_DEFAULT: usize = 100;
const NOTES_MAX: usize = 1_000;
/// Ids are integers of the store, which are signed.
const ID_MAX: u64 = i64::MAX as u64;

/// Which events to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotesAfter {
    /// Events with a greater `id` only.
    #[serde(default, deserialize_with = "query::whole_number")]
    after: Option<u64>,
    /// Events of a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
}

/// A page of supervision events, oldest first.
#[derive(Serialize, ToSchema)]
pub struct NotesPage {
    items: Vec<NoteView>,
    /// `after` of the next page: the last `id` read so far.
    next_after: u64,
}

/// A kept supervision event.
#[derive(Serialize, ToSchema)]
#[schema(as = SupervisionNote)]
pub struct NoteView {
    /// Position in the store; counts over restarts of the process.
    id: u64,
    at: String,
    /// `type`, `node`, `role`, `worker`, `generation`, `cause`, `delay_ms`, `task`, as far as they apply.
    #[serde(flatten)]
    #[schema(value_type = Object)]
    event: Map<String, Value>,
}

/// Read supervision events
///
/// Events reach the store up to a second after they happen; the stream has them at once.
#[utoipa::path(
    get, path = "/v1/supervision/events", tag = "supervision", operation_id = "list_supervision_events",
    params(NotesAfter),
    responses(
        (status = 200, description = "Kept events above `after`", body = NotesPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn events(
    Asked(asked): Asked<NotesAfter>,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(asked.limit, NOTES_DEFAULT, NOTES_MAX)?;
    let after = asked.after.unwrap_or(0).min(ID_MAX);
    let notes = desk
        .house
        .coordinator
        .journal()
        .supervision(after, limit)
        .await?;
    let next_after = notes.last().map_or(after, |note| note.id);
    Ok(HttpResponse::Ok().json(NotesPage {
        items: notes.iter().map(NoteView::of).collect(),
        next_after,
    }))
}

impl NoteView {
    fn of(note: &SupervisionNote) -> Self {
        let mut event: Map<String, Value> = note.event.read().unwrap_or_default();
        let at = event
            .remove("at")
            .and_then(|at| at.as_i64())
            .map_or(note.at, Timestamp::from_millis);
        if let Some(kind) = event.remove("kind") {
            event.insert("type".to_owned(), kind);
        }
        event.retain(|_, value| !value.is_null());
        Self {
            id: note.id,
            at: at.rfc3339(),
            event,
        }
    }
}

#[cfg(test)]
mod tests {
    use callboard_orchestra::Payload;
    use serde_json::json;

    use super::*;

    #[test]
    fn a_note_has_the_shape_of_the_stream() {
        let event = Payload::of(
            &json!({"seq": 4, "at": 1_000, "kind": "restarting", "node": "root/a", "role": null}),
        );
        let note = SupervisionNote {
            id: 7,
            at: Timestamp::from_millis(1_500),
            event: event.unwrap(),
        };
        let wire = serde_json::to_value(NoteView::of(&note)).unwrap();
        let at = "1970-01-01T00:00:01.000Z";
        assert_eq!(
            wire,
            json!({"id": 7, "at": at, "seq": 4, "type": "restarting", "node": "root/a"})
        );
    }
}
