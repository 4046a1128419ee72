//! GET /v1/supervision/events

use actix_web::{HttpResponse, web::Data};
use callboard_orchestra::{Timestamp, journal::SupervisionNote};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::{IntoParams, ToSchema};

use crate::auth::Permission;
use crate::filter::{Kind as Sort, Schema, parse};
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    filtering::{self, SCAN_EVENTS_MAX, event_field},
    query::{self, Asked},
    responses::StoreFailures,
};

const NOTES_DEFAULT: usize = 100;
const NOTES_MAX: usize = 1_000;
/// What is for whoever runs the server.
const OF_ANY_TENANT: [&str; 2] = ["cause", "task"];
/// Ids are integers of the store, which are signed.
const ID_MAX: u64 = i64::MAX as u64;

/// What supervision events can be filtered by.
static NOTES: Schema = Schema {
    resource: "supervision events",
    fields: &[
        event_field("id", Sort::Number, "/id"),
        event_field("at", Sort::Time, "/at"),
        event_field("type", Sort::Text, "/type"),
        event_field("node", Sort::Text, "/node"),
        event_field("role", Sort::Text, "/role"),
        event_field("worker", Sort::Number, "/worker"),
        event_field("generation", Sort::Number, "/generation"),
        event_field("cause", Sort::Text, "/cause"),
        event_field("delay_ms", Sort::Number, "/delay_ms"),
    ],
};

/// Which events to read.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct NotesAfter {
    /// Events with a greater `id` only.
    #[serde(default, deserialize_with = "query::whole_number")]
    after: Option<u64>,
    /// In place of `after`: the last events there are, of which the filter is held against 10,000 at the most.
    #[serde(default)]
    newest: bool,
    /// Events that this holds of only, such as `type = 'panicked' and role starts 'market.'`.
    #[param(max_length = 4096)]
    filter: Option<String>,
    /// Events of a page.
    #[param(minimum = 1, maximum = 1000, default = 100)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
}

/// A page of supervision events, oldest first.
#[derive(Serialize, ToSchema)]
pub struct NotesPage {
    items: Vec<NoteView>,
    /// `after` of the next page: the last `id` read so far. A page of a filter may be short while there is more.
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
/// Events reach the store up to a second after they happen; the stream has them at once. `cause` and `task` are for who has
/// `supervision:operate`.
#[utoipa::path(
    get, path = "/v1/supervision/events", tag = "supervision", operation_id = "list_supervision_events",
    params(NotesAfter),
    responses(
        (status = 200, description = "Kept events above `after`", body = NotesPage),
        (status = 400, description = "The query or its filter cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn events(
    Asked(asked): Asked<NotesAfter>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(asked.limit, NOTES_DEFAULT, NOTES_MAX)?;
    let after = match (asked.after, asked.newest) {
        (Some(_), true) => {
            let detail = "after and newest exclude each other";
            return Err(Problem::new(Kind::Malformed, "invalid_query", detail).field("newest"));
        }
        (None, true) => {
            let rows = match asked.filter {
                None => limit,
                Some(_) => SCAN_EVENTS_MAX,
            };
            let last = desk.listing.last_supervision_event().await?;
            last.saturating_sub(rows as u64)
        }
        (after, false) => after.unwrap_or(0).min(ID_MAX),
    };
    let whole = caller.may(Permission::SupervisionOperate);
    let journal = desk.house.coordinator.journal();
    let filter = asked.filter.as_deref().map(|text| parse(text, &NOTES));
    let Some(filter) = filter.transpose()? else {
        let notes = journal.supervision(after, limit).await?;
        let next_after = notes.last().map_or(after, |note| note.id);
        let items = notes.iter().map(|note| NoteView::of(note, whole)).collect();
        return Ok(HttpResponse::Ok().json(NotesPage { items, next_after }));
    };
    let (mut items, mut next_after, mut seen) = (Vec::new(), after, 0);
    'pages: while seen < SCAN_EVENTS_MAX {
        let notes = journal.supervision(next_after, NOTES_MAX).await?;
        if notes.is_empty() {
            break;
        }
        for note in &notes {
            if items.len() == limit && !asked.newest {
                break 'pages;
            }
            seen += 1;
            next_after = note.id;
            let view = NoteView::of(note, whole);
            let event = serde_json::to_value(&view).expect("a view is plain data");
            if filtering::chooses(&filter, &NOTES, &event) {
                items.push(view);
            }
        }
    }
    // Of the newest the last ones count.
    items.drain(..items.len().saturating_sub(limit));
    let mut response = HttpResponse::Ok();
    response.insert_header(filtering::unindexed());
    Ok(response.json(NotesPage { items, next_after }))
}

impl NoteView {
    /// With its cause and task, which name jobs of any tenant, only where it is `whole`.
    fn of(note: &SupervisionNote, whole: bool) -> Self {
        let mut event: Map<String, Value> = note.event.read().unwrap_or_default();
        let at = event
            .remove("at")
            .and_then(|at| at.as_i64())
            .map_or(note.at, Timestamp::from_millis);
        if let Some(kind) = event.remove("kind") {
            event.insert("type".to_owned(), kind);
        }
        let hidden = |name: &str| !whole && OF_ANY_TENANT.contains(&name);
        event.retain(|name, value| !value.is_null() && !hidden(name));
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
        let wire = serde_json::to_value(NoteView::of(&note, true)).unwrap();
        let at = "1970-01-01T00:00:01.000Z";
        assert_eq!(
            wire,
            json!({"id": 7, "at": at, "seq": 4, "type": "restarting", "node": "root/a"})
        );
    }

    #[test]
    fn a_cause_and_a_task_are_for_whoever_runs_the_server() {
        let event = Payload::of(&json!({"kind": "panicked", "cause": "c", "task": {"id": 1}}));
        let note = SupervisionNote {
            id: 7,
            at: Timestamp::from_millis(0),
            event: event.unwrap(),
        };
        let whole = NoteView::of(&note, true).event;
        assert!(whole.contains_key("cause") && whole.contains_key("task"));
        let bare = NoteView::of(&note, false).event;
        assert_eq!(Value::from(bare), json!({"type": "panicked"}));
    }
}
