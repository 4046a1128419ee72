//! Rows as typed columns, in memory.

use super::cells::{Cells, Moment};
use crate::{
    column::{Column, Kind},
    digits,
    request::Entity,
    tally::Tally,
};

/// Texts behind one another, with their ends.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Texts {
    bytes: Vec<u8>,
    /// Where each text ends; an absent one ends where it begins.
    ends: Vec<u32>,
    present: Vec<bool>,
}

impl Texts {
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    pub fn is_empty(&self) -> bool {
        self.ends.is_empty()
    }

    /// The text of a row, unless its cell is empty.
    pub fn get(&self, row: usize) -> Option<&[u8]> {
        let start = row
            .checked_sub(1)
            .map_or(0, |before| self.ends[before] as usize);
        self.present[row].then(|| &self.bytes[start..self.ends[row] as usize])
    }

    /// Every row's text, in order.
    pub fn iter(&self) -> impl Iterator<Item = Option<&[u8]>> {
        (0..self.len()).map(|row| self.get(row))
    }

    fn push(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.ends.push(self.bytes.len() as u32);
        self.present.push(true);
    }

    fn push_empty(&mut self) {
        self.ends.push(self.bytes.len() as u32);
        self.present.push(false);
    }
}

/// The cells of one column, in the units of its [`Kind`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Values {
    Text(Texts),
    /// Minor units.
    Money(Vec<Option<i64>>),
    Integer(Vec<Option<i64>>),
    /// Millionths of a degree.
    Degrees(Vec<Option<i32>>),
    Flag(Vec<Option<bool>>),
    /// Days since 1970-01-01.
    Date(Vec<Option<i32>>),
    /// Milliseconds since 1970-01-01 UTC.
    Timestamp(Vec<Option<i64>>),
}

impl Values {
    fn of(column: &Column, rows: usize) -> Self {
        match column.kind {
            Kind::Text => Self::Text(Texts::default()),
            Kind::Money => Self::Money(Vec::with_capacity(rows)),
            Kind::Integer => Self::Integer(Vec::with_capacity(rows)),
            Kind::Degrees => Self::Degrees(Vec::with_capacity(rows)),
            Kind::Flag => Self::Flag(Vec::with_capacity(rows)),
            Kind::Date => Self::Date(Vec::with_capacity(rows)),
            Kind::Timestamp => Self::Timestamp(Vec::with_capacity(rows)),
        }
    }
}

/// Rows as typed columns, in the order of [`crate::columns`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    pub rows: usize,
    pub columns: Vec<Values>,
    pub tally: Tally,
}

impl Batch {
    /// The cells of a column by name.
    pub fn column(&self, entity: Entity, name: &str) -> Option<&Values> {
        let index = crate::columns(entity)
            .iter()
            .position(|column| column.name == name)?;
        self.columns.get(index)
    }
}

/// Fills a batch.
pub struct Filler {
    batch: Batch,
    column: usize,
}

impl Filler {
    pub fn new(columns: &[Column], rows: usize) -> Self {
        let columns = columns
            .iter()
            .map(|column| Values::of(column, rows))
            .collect();
        Self {
            batch: Batch {
                rows: 0,
                columns,
                tally: Tally::default(),
            },
            column: 0,
        }
    }

    pub fn done(self, tally: Tally) -> Batch {
        Batch {
            tally,
            ..self.batch
        }
    }

    fn next(&mut self) -> &mut Values {
        self.column += 1;
        &mut self.batch.columns[self.column - 1]
    }

    fn write(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        match self.next() {
            Values::Text(texts) => texts.push(write),
            other => unreachable!("a text for {other:?}"),
        }
    }
}

/// Pushes to the next column, which is of the cell's kind: rows are written by the same table of columns.
macro_rules! push {
    ($filler:expr, $kind:ident, $value:expr) => {
        match $filler.next() {
            Values::$kind(values) => values.push(Some($value)),
            other => unreachable!("a {} for {other:?}", stringify!($kind)),
        }
    };
}

impl Cells for Filler {
    fn text(&mut self, text: &[u8]) {
        self.write(|out| out.extend_from_slice(text));
    }

    fn empty(&mut self) {
        match self.next() {
            Values::Text(texts) => texts.push_empty(),
            Values::Money(values) | Values::Integer(values) | Values::Timestamp(values) => {
                values.push(None)
            }
            Values::Degrees(values) | Values::Date(values) => values.push(None),
            Values::Flag(values) => values.push(None),
        }
    }

    fn key(&mut self, letter: u8, digits: usize, number: u64) {
        self.write(|out| digits::key(out, letter, digits, number));
    }

    fn device(&mut self, bits: u64) {
        self.write(|out| digits::device(out, bits));
    }

    fn money(&mut self, minor: i64) {
        push!(self, Money, minor);
    }

    fn integer(&mut self, value: i64) {
        push!(self, Integer, value);
    }

    fn degrees(&mut self, millionths: i32) {
        push!(self, Degrees, millionths);
    }

    fn flag(&mut self, value: bool) {
        push!(self, Flag, value);
    }

    fn date(&mut self, _text: [u8; 10], days: i32) {
        push!(self, Date, days);
    }

    fn timestamp(&mut self, moment: &Moment) {
        push!(self, Timestamp, moment.unix_ms);
    }

    fn end_row(&mut self) {
        self.batch.rows += 1;
        self.column = 0;
    }
}
