//! What filters of lists have in common: the page that is asked for, how events are held against them, and what is told
//! beside the items.

use actix_web::{
    HttpResponse, HttpResponseBuilder,
    http::header::{HeaderName, HeaderValue, WARNING},
};
use serde_json::Value;
use uuid::Uuid;

use super::{
    cursor,
    error::{self, Problem},
};
use crate::{
    filter::{Field, Filter, FilterError, Kind, Schema, parse},
    store::Filtered,
};

/// Events that one page of a filter looks at.
pub const SCAN_EVENTS_MAX: usize = 10_000;

/// A page of a list that may be filtered.
pub struct FilteredPage {
    /// Items of it.
    limit: usize,
    /// The last row of the page before.
    pub before: Option<Uuid>,
    pub filter: Option<Filter>,
}

impl FilteredPage {
    /// Reads the cursor, and the filter by what rows have.
    pub fn of(
        limit: usize,
        cursor: Option<&str>,
        filter: Option<&str>,
        schema: &'static Schema,
    ) -> Result<Self, Problem> {
        Ok(Self {
            limit,
            before: cursor.map(cursor::read).transpose()?,
            filter: filter.map(|text| parse(text, schema)).transpose()?,
        })
    }

    /// Rows to read for it.
    pub const fn rows(&self) -> usize {
        cursor::rows_of(self.limit)
    }

    /// Its rows of those found, and where the next page begins.
    pub fn cut<T>(&self, found: Filtered<T>, id: impl Fn(&T) -> Uuid) -> (Vec<T>, Option<String>) {
        let Filtered { mut rows, read_to } = found;
        let next = cursor::cut(&mut rows, self.limit, id);
        (rows, next.or_else(|| read_to.map(cursor::after)))
    }

    /// The answer, before its items.
    pub fn answer(&self) -> HttpResponseBuilder {
        let mut answer = HttpResponse::Ok();
        if self
            .filter
            .as_ref()
            .is_some_and(|filter| !filter.is_indexed())
        {
            answer.insert_header(unindexed());
        }
        answer
    }
}

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
