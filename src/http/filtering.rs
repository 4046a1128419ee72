//! What filters of lists have in common: how events are held against them, and what is told beside the items.

use actix_web::http::header::{HeaderName, HeaderValue, WARNING};
use serde_json::Value;

use super::error::{self, Problem};
use crate::filter::{Field, Filter, FilterError, Kind, Schema};

/// Events that one page of a filter looks at.
pub const SCAN_EVENTS_MAX: usize = 10_000;

/// Whether `filter` of `schema` chooses an event.
pub fn chooses(filter: &Filter, schema: &Schema, event: &Value) -> bool {
    filter.matches(&|name, _| schema.read(event, name))
}

/// A field of events, by its JSON pointer.
pub const fn event_field(name: &'static str, kind: Kind, pointer: &'static str) -> Field {
    Field {
        column: pointer,
        ..Field::optional(name, kind)
    }
}

/// Tells the client that rows are looked through one by one.
pub fn unindexed() -> (HeaderName, HeaderValue) {
    let text = "299 callboard \"no index serves this filter\"";
    (WARNING, HeaderValue::from_static(text))
}

impl From<FilterError> for Problem {
    fn from(error: FilterError) -> Self {
        Self::new(error::Kind::Malformed, "invalid_filter", error.to_string())
            .field("filter")
            .position(error.position)
    }
}
