//! What the rows of a resource can be filtered by.

use callboard_orchestra::Timestamp;
use uuid::Uuid;

use super::{ast::Value, error::FilterError, token::Literal};

/// A name this near to a known one is taken for a slip.
const NEAR: f64 = 0.7;

/// The fields of a resource.
#[derive(Debug, PartialEq)]
pub struct Schema {
    /// As messages name it: `jobs`.
    pub resource: &'static str,
    pub fields: &'static [Field],
}

/// One field, and where a row has it.
#[derive(Debug, PartialEq)]
pub struct Field {
    pub name: &'static str,
    pub kind: Kind,
    /// Column of a table; JSON pointer of what is in memory alone.
    pub column: &'static str,
    /// A row may be without it.
    pub nullable: bool,
    /// An index finds the rows in which it equals a value.
    pub indexed: bool,
}

#[derive(Debug, PartialEq)]
pub enum Kind {
    Text,
    /// One of these names.
    Name(&'static [&'static str]),
    /// A whole number.
    Number,
    Time,
    /// A UUID, written as 32 hex digits behind this prefix.
    Id(&'static str),
    /// Texts by key in a JSON object; a filter names `field.key`.
    Map,
}

impl Schema {
    /// The value of a field in a JSON object.
    pub fn read(&self, row: &serde_json::Value, name: &str) -> Option<Value> {
        let field = self.fields.iter().find(|field| field.name == name)?;
        let found = row.pointer(field.column)?;
        match field.kind {
            Kind::Text | Kind::Name(_) => found.as_str().map(|text| Value::Text(text.to_owned())),
            Kind::Number => found.as_i64().map(Value::Number),
            Kind::Time => found.as_str().and_then(time).map(Value::Time),
            Kind::Id(prefix) => found
                .as_str()
                .and_then(|text| id(prefix, text))
                .map(Value::Id),
            Kind::Map => None,
        }
    }

    /// The field of `name`, and the key in it.
    pub(super) fn field(
        &'static self,
        name: &str,
        position: usize,
    ) -> Result<(&'static Field, Option<String>), FilterError> {
        if let Some((map, key)) = name.split_once('.')
            && let Some(field) = self.named(map)
            && field.kind == Kind::Map
        {
            if key.is_empty() {
                let message = format!("`{map}.` needs a key: `{map}.team`");
                return Err(FilterError::new(position, message));
            }
            return Ok((field, Some(key.to_owned())));
        }
        match self.named(name) {
            Some(field) if field.kind == Kind::Map => {
                let message = format!("`{name}` needs a key: `{name}.team`");
                Err(FilterError::new(position, message))
            }
            Some(field) => Ok((field, None)),
            None => Err(FilterError::new(position, self.unknown(name))),
        }
    }

    fn named(&self, name: &str) -> Option<&'static Field> {
        self.fields.iter().find(|field| field.name == name)
    }

    fn unknown(&self, name: &str) -> String {
        let names = self.fields.iter().map(|field| field.name);
        match nearest(name, names.clone()) {
            Some(near) => format!("unknown field `{name}`; did you mean `{near}`?"),
            None => {
                let names: Vec<&str> = names.collect();
                format!(
                    "unknown field `{name}`; {} have {}",
                    self.resource,
                    names.join(", ")
                )
            }
        }
    }
}

impl Field {
    /// A field of a column of its name, which every row has and no index serves.
    pub const fn new(name: &'static str, kind: Kind) -> Self {
        Self {
            name,
            kind,
            column: name,
            nullable: false,
            indexed: false,
        }
    }

    /// A field that a row may be without.
    pub const fn optional(name: &'static str, kind: Kind) -> Self {
        Self {
            nullable: true,
            ..Self::new(name, kind)
        }
    }

    /// A field by which an index finds rows.
    pub const fn indexed(name: &'static str, kind: Kind) -> Self {
        Self {
            indexed: true,
            ..Self::new(name, kind)
        }
    }

    /// Whether `<` and its like make sense.
    pub(super) const fn is_ordered(&self) -> bool {
        matches!(self.kind, Kind::Number | Kind::Time | Kind::Id(_))
    }

    /// Whether `like`, `starts` and `ends` make sense.
    pub(super) const fn is_text(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Map)
    }

    /// What a value of this field is written as.
    fn wants(&self) -> String {
        match self.kind {
            Kind::Text | Kind::Map => "a text in quotes".to_owned(),
            Kind::Name(names) => format!("one of '{}'", names.join("', '")),
            Kind::Number => "a whole number".to_owned(),
            Kind::Time => {
                "a time such as 2026-01-31T09:30:00Z, with milliseconds at most".to_owned()
            }
            Kind::Id(prefix) => format!("an id such as '{prefix}0198c0de...', in quotes"),
        }
    }

    /// The value that `literal` is for this field.
    pub(super) fn value(&self, literal: &Literal, position: usize) -> Result<Value, FilterError> {
        let value = match (&self.kind, literal) {
            (Kind::Text | Kind::Map, Literal::Text(text)) => Some(Value::Text(text.clone())),
            (Kind::Name(names), Literal::Text(text)) => {
                let known = names.contains(&text.as_str());
                if !known && let Some(near) = nearest(text, names.iter().copied()) {
                    let message =
                        format!("`{}` is never '{text}'; did you mean '{near}'?", self.name);
                    return Err(FilterError::new(position, message));
                }
                known.then(|| Value::Text(text.clone()))
            }
            (Kind::Number, Literal::Bare(text)) => text.parse().ok().map(Value::Number),
            (Kind::Time, Literal::Bare(text) | Literal::Text(text)) => time(text).map(Value::Time),
            (Kind::Id(prefix), Literal::Text(text)) => id(prefix, text).map(Value::Id),
            _ => None,
        };
        value.ok_or_else(|| {
            let message = format!("`{}` is compared with {}", self.name, self.wants());
            FilterError::new(position, message)
        })
    }
}

/// An instant in RFC 3339 that the store can keep as it is.
fn time(text: &str) -> Option<Timestamp> {
    let at = chrono::DateTime::parse_from_rfc3339(text).ok()?;
    (at.timestamp_subsec_nanos() % 1_000_000 == 0)
        .then(|| Timestamp::from_millis(at.timestamp_millis()))
}

fn id(prefix: &str, text: &str) -> Option<Uuid> {
    let hex = text.strip_prefix(prefix)?;
    let is_plain = hex.len() == 32 && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_plain.then(|| Uuid::try_parse(hex).ok())?
}

fn nearest<'a>(name: &str, known: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    known
        .map(|known| (strsim::jaro_winkler(name, known), known))
        .filter(|(likeness, _)| *likeness >= NEAR)
        .max_by(|(left, _), (right, _)| left.total_cmp(right))
        .map(|(_, known)| known)
}
