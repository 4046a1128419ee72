//! The profile as JSON, and what makes a stated one acceptable.

use std::collections::HashSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{knots::Knots, week::Week};
use crate::fit::Layout;

/// Of the form that this crate writes and reads.
pub const PROFILE_VERSION: u32 = 1;
/// Columns of a table.
pub const COLUMNS_MAX: usize = 64;
/// Rows of one entity.
pub const ENTITY_ROWS_MAX: f64 = 100_000.0;
const SHARES_MAX: usize = 1_024;
pub const NAME_CHARS_MAX: usize = 128;
/// Characters of a word.
pub const VALUE_CHARS_MAX: usize = 256;
/// Minutes between a moment's clock and that of Greenwich.
const OFFSET_MINUTES_MAX: u16 = 15 * 60;
/// A day beyond the years that four digits can state, in busy days.
const BUSY_DAYS_MAX: f64 = 2_900_000.0;

/// What a table looks like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Profile {
    pub version: u32,
    /// Rows of the sample.
    pub sample_rows: u64,
    /// In the order of the file.
    pub columns: Vec<ColumnProfile>,
    /// Rank correlations (Spearman) of pairs of columns, both by position.
    #[serde(default)]
    pub correlations: Vec<Correlation>,
    /// Who the rows belong to; absent where each stands alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub entities: Option<EntityProfile>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeProfile>,
}

/// One column.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct ColumnProfile {
    pub name: String,
    pub missing_share: f64,
    pub shape: Shape,
}

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Shape {
    /// Names who the row belongs to.
    Entity { is_number: bool },
    /// The moment of the row, drawn as `time` of the profile says.
    Time { layout: Layout },
    /// Decimal numbers; `knots` in units of the column.
    Number { decimals: u32, knots: Knots },
    /// Another moment; `knots` in seconds since 1970-01-01.
    Moment { layout: Layout, knots: Knots },
    /// Words that come often, in the order that correlations count in.
    Category { values: Vec<Share> },
    /// A number of the row's own.
    Key,
    /// Words that come too rarely to be kept.
    Text { chars_mean: f64 },
    /// Too few have a cell for anything to be said of them: all are missing.
    Withheld,
}

/// A word and how often it comes.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Share {
    pub value: String,
    pub share: f64,
}

/// Of two columns by position, the first one's lower.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Correlation {
    pub a: usize,
    pub b: usize,
    pub spearman: f64,
}

/// Whose rows they are.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct EntityProfile {
    /// Shares of entities with 1, 2, 3 ... rows.
    pub row_shares: Vec<f64>,
    /// Rows of the others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub more_rows: Option<Knots>,
    /// Share of the variance of values (their normal scores) that lies between entities.
    pub between_share: f64,
}

/// The course of time.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct TimeProfile {
    pub week: Week,
    /// Where the sample ends, in busy days since 1970-01-05.
    pub end: f64,
    /// By rows of the entity; rows that stand alone are one class.
    pub classes: Vec<RowClass>,
}

/// Entities with about as many rows.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RowClass {
    /// The most rows of this class; the last class takes all others too.
    pub rows_to: u64,
    /// First moments, in busy days since 1970-01-05.
    pub first: Knots,
    /// Busy days between one row and the next; absent where there is only one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub gaps: Option<Knots>,
}

impl EntityProfile {
    /// Rows of the entity at a place among all entities ordered by their rows, from 0 to 1.
    pub fn rows_at(&self, place: f64) -> u64 {
        let mut before = 0.0;
        for (index, share) in self.row_shares.iter().enumerate() {
            if place < before + share {
                return index as u64 + 1;
            }
            before += share;
        }
        let most = self.row_shares.len().max(1) as u64;
        let Some(knots) = &self.more_rows else {
            return most;
        };
        let rest = ((place - before) / (1.0 - before).max(f64::MIN_POSITIVE)).clamp(0.0, 1.0);
        ((knots.at(rest) + 0.5) as u64).max(1)
    }
}

impl Profile {
    /// The position of the column that names entities.
    pub fn entity_column(&self) -> Option<usize> {
        let is_entity = |column: &ColumnProfile| matches!(column.shape, Shape::Entity { .. });
        self.columns.iter().position(is_entity)
    }

    /// What is wrong with a stated profile: the place in it, and a sentence.
    pub fn fault(&self) -> Option<(String, String)> {
        let fault = |place: &str, what: &str| Some((place.to_owned(), what.to_owned()));
        if self.version != PROFILE_VERSION {
            return fault("version", "must be 1");
        }
        if self.columns.is_empty() || self.columns.len() > COLUMNS_MAX {
            return fault("columns", "must be between 1 and 64");
        }
        for (index, column) in self.columns.iter().enumerate() {
            if let Some(what) = column.fault() {
                return fault(&format!("columns[{index}]"), what);
            }
        }
        let names: std::collections::HashSet<&str> = self
            .columns
            .iter()
            .map(|column| column.name.as_str())
            .collect();
        if names.len() < self.columns.len() {
            return fault("columns", "have names in common");
        }
        let count = |is: fn(&Shape) -> bool| {
            let columns = self.columns.iter().filter(|column| is(&column.shape));
            columns.count()
        };
        if count(|shape| matches!(shape, Shape::Entity { .. }))
            != usize::from(self.entities.is_some())
        {
            return fault("entities", "must go with exactly one column of kind entity");
        }
        if count(|shape| matches!(shape, Shape::Time { .. })) != usize::from(self.time.is_some()) {
            return fault("time", "must go with exactly one column of kind time");
        }
        let mut pairs = HashSet::new();
        for (index, pair) in self.correlations.iter().enumerate() {
            if pair.a >= pair.b
                || !pairs.insert((pair.a, pair.b))
                || pair.b >= self.columns.len()
                || !(-1.0..=1.0).contains(&pair.spearman)
            {
                return fault(
                    &format!("correlations[{index}]"),
                    "must be of two columns, the lower position first, no two twice, and between -1 and 1",
                );
            }
        }
        if let Some(what) = self.entities.as_ref().and_then(EntityProfile::fault) {
            return fault("entities", what);
        }
        let what = self.time.as_ref().and_then(TimeProfile::fault)?;
        fault("time", what)
    }
}

impl ColumnProfile {
    fn fault(&self) -> Option<&'static str> {
        if self.name.is_empty() || self.name.chars().count() > NAME_CHARS_MAX {
            return Some("must have a name of at most 128 characters");
        }
        if !(0.0..=1.0).contains(&self.missing_share) {
            return Some("must have a missing_share between 0 and 1");
        }
        if let Shape::Time { layout } | Shape::Moment { layout, .. } = &self.shape
            && layout
                .offset_minutes
                .is_some_and(|offset| offset.unsigned_abs() > OFFSET_MINUTES_MAX)
        {
            return Some("must have an offset within 15 hours");
        }
        match &self.shape {
            Shape::Number { decimals, knots } => {
                let most = knots
                    .fault()
                    .is_none()
                    .then(|| knots.at(0.0).abs().max(knots.last().abs()));
                match most {
                    None => knots.fault(),
                    Some(_) if *decimals > 6 => Some("must have at most 6 decimals"),
                    Some(most) if most > 9e9 => Some("must hold numbers up to 9e9"),
                    Some(_) => None,
                }
            }
            Shape::Moment { knots, .. } => knots.fault().or_else(|| {
                let seconds = BUSY_DAYS_MAX * 86_400.0;
                (knots.at(0.0) < 0.0 - seconds / 50.0 || knots.last() > seconds)
                    .then_some("must lie in the years that four digits state")
            }),
            Shape::Category { values } => {
                let sum: f64 = values.iter().map(|value| value.share).sum();
                let is_fair = values.iter().all(|value| value.share >= 0.0)
                    && (sum - 1.0).abs() < 1e-6
                    && values.len() <= SHARES_MAX
                    && values
                        .iter()
                        .all(|value| value.value.chars().count() <= VALUE_CHARS_MAX);
                (!is_fair).then_some(
                    "must have at most 1024 shares that sum to 1, of values up to 256 characters",
                )
            }
            Shape::Text { chars_mean } => (!(0.0..=1_000.0).contains(chars_mean))
                .then_some("must have a chars_mean up to 1000"),
            Shape::Entity { .. } | Shape::Time { .. } | Shape::Key | Shape::Withheld => None,
        }
    }
}

impl EntityProfile {
    fn fault(&self) -> Option<&'static str> {
        let sum: f64 = self.row_shares.iter().sum();
        let is_fair = self.row_shares.iter().all(|share| *share >= 0.0)
            && sum <= 1.0 + 1e-6
            && self.row_shares.len() <= SHARES_MAX;
        if !is_fair || (self.more_rows.is_none() && sum < 1.0 - 1e-6) {
            return Some(
                "must have at most 1024 row_shares that sum to 1, with more_rows for the rest",
            );
        }
        if !(0.0..1.0).contains(&self.between_share) {
            return Some("must have a between_share from 0 to below 1");
        }
        let more = self.more_rows.as_ref()?;
        more.fault().or_else(|| {
            (more.at(0.0) < 1.0 || more.last() > ENTITY_ROWS_MAX)
                .then_some("must have more_rows between 1 and 100000")
        })
    }
}

impl TimeProfile {
    fn fault(&self) -> Option<&'static str> {
        if let Some(what) = self.week.fault() {
            return Some(what);
        }
        if self.classes.is_empty() || self.classes.len() > SHARES_MAX {
            return Some("must have classes");
        }
        let is_early = |day: f64| (-30_000.0..=BUSY_DAYS_MAX).contains(&day);
        if !is_early(self.end) {
            return Some("must end in the years that four digits state");
        }
        self.classes.iter().find_map(|class| {
            let gaps = class.gaps.as_ref();
            class
                .first
                .fault()
                .or(gaps.and_then(Knots::fault))
                .or_else(|| {
                    let is_sound = is_early(class.first.at(0.0))
                        && is_early(class.first.last())
                        && gaps.is_none_or(|gaps| gaps.at(0.0) >= 0.0);
                    (!is_sound)
                        .then_some("must begin within the calendar, and gaps cannot be negative")
                })
        })
    }
}
