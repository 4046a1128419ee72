//! Rows as lines of text: comma-separated values or JSON objects.
//!
//! No cell needs quotes or escapes: a test holds the locales to that, and what is made here has none.

use super::cells::{Cells, Moment};
use crate::{
    column::{Column, Kind},
    digits,
};

/// Where each cell begins and how it is framed.
pub struct Lines<'a> {
    out: &'a mut Vec<u8>,
    frames: Vec<Frame>,
    column: usize,
    empty: &'static [u8],
    end: &'static [u8],
    /// Between the day and the offset of a timestamp stand `T` and the time.
    offset: &'a [u8],
}

struct Frame {
    before: Vec<u8>,
    after: &'static [u8],
}

impl<'a> Lines<'a> {
    /// `offset` is the locale's, as in RFC 3339.
    pub fn csv(out: &'a mut Vec<u8>, columns: &[Column], offset: &'a str) -> Self {
        let frame = |index: usize| Frame {
            before: if index == 0 {
                Vec::new()
            } else {
                b",".to_vec()
            },
            after: b"",
        };
        Self {
            out,
            frames: (0..columns.len()).map(frame).collect(),
            column: 0,
            empty: b"",
            end: b"\n",
            offset: offset.as_bytes(),
        }
    }

    /// One object a line; empty cells are null.
    pub fn json(out: &'a mut Vec<u8>, columns: &[Column], offset: &'a str) -> Self {
        let frame = |(index, column): (usize, &Column)| {
            let quote = match column.kind {
                Kind::Text | Kind::Date | Kind::Timestamp => "\"",
                Kind::Money | Kind::Integer | Kind::Degrees | Kind::Flag => "",
            };
            let open = if index == 0 { "{" } else { "," };
            Frame {
                before: format!("{open}\"{}\":{quote}", column.name).into_bytes(),
                after: quote.as_bytes(),
            }
        };
        Self {
            out,
            frames: columns.iter().enumerate().map(frame).collect(),
            column: 0,
            empty: b"null",
            end: b"}\n",
            offset: offset.as_bytes(),
        }
    }

    #[inline]
    fn cell(&mut self, write: impl FnOnce(&mut Vec<u8>)) {
        let frame = &self.frames[self.column];
        self.out.extend_from_slice(&frame.before);
        write(self.out);
        self.out.extend_from_slice(frame.after);
        self.column += 1;
    }
}

impl Cells for Lines<'_> {
    #[inline]
    fn text(&mut self, text: &[u8]) {
        self.cell(|out| out.extend_from_slice(text));
    }

    #[inline]
    fn empty(&mut self) {
        let frame = &self.frames[self.column];
        let before = &frame.before[..frame.before.len() - frame.after.len()];
        self.out.extend_from_slice(before);
        self.out.extend_from_slice(self.empty);
        self.column += 1;
    }

    #[inline]
    fn key(&mut self, letter: u8, digits: usize, number: u64) {
        self.cell(|out| digits::key(out, letter, digits, number));
    }

    #[inline]
    fn device(&mut self, bits: u64) {
        self.cell(|out| digits::device(out, bits));
    }

    #[inline]
    fn money(&mut self, minor: i64) {
        self.cell(|out| digits::money(out, minor));
    }

    #[inline]
    fn integer(&mut self, value: i64) {
        self.cell(|out| digits::integer(out, value));
    }

    #[inline]
    fn degrees(&mut self, millionths: i32) {
        self.cell(|out| digits::degrees(out, millionths));
    }

    #[inline]
    fn flag(&mut self, value: bool) {
        let text: &[u8] = if value { b"true" } else { b"false" };
        self.text(text);
    }

    #[inline]
    fn date(&mut self, text: [u8; 10], _days: i32) {
        self.text(&text);
    }

    #[inline]
    fn timestamp(&mut self, moment: &Moment) {
        let offset = self.offset;
        self.cell(|out| {
            out.extend_from_slice(&moment.day);
            out.extend_from_slice(&digits::time(moment.second));
            out.extend_from_slice(offset);
        });
    }

    #[inline]
    fn end_row(&mut self) {
        self.out.extend_from_slice(self.end);
        self.column = 0;
    }
}
