//! Missing and dirty cells on request, laid over clean rows.
//!
//! What is spoilt is drawn from the row's number alone, so that any range of rows is spoilt alike.

use super::cells::{Cells, Moment};
use crate::{
    column::{Column, Kind, columns},
    random::{Draws, Stream},
    spec::Spec,
    tally::Tally,
};

/// Longest text that is spoilt; longer ones are cut to it.
const TEXT_MAX: usize = 64;

/// Passes cells on, emptying or spoiling some.
pub struct Blemishes<'a, C> {
    inner: &'a mut C,
    columns: &'static [Column],
    seed: u64,
    missing_rate: f64,
    dirty_rate: f64,
    row: u64,
    column: usize,
    draws: Draws,
    /// The column to spoil in this row.
    dirty: Option<usize>,
    missing_cells: u64,
    dirty_rows: u64,
}

impl<'a, C: Cells> Blemishes<'a, C> {
    /// `row` is the number of the first row to come.
    pub fn new(spec: &Spec, row: u64, inner: &'a mut C) -> Self {
        let mut blemishes = Self {
            inner,
            columns: columns(spec.entity()),
            seed: spec.seed(),
            missing_rate: spec.request().missing_rate,
            dirty_rate: spec.request().dirty_rate,
            row,
            column: 0,
            draws: Draws::at(spec.seed(), Stream::Blemish, row),
            dirty: None,
            missing_cells: 0,
            dirty_rows: 0,
        };
        blemishes.begin_row();
        blemishes
    }

    pub fn count_into(self, tally: &mut Tally) {
        tally.missing_cells += self.missing_cells;
        tally.dirty_rows += self.dirty_rows;
    }

    fn begin_row(&mut self) {
        self.draws = Draws::at(self.seed, Stream::Blemish, self.row);
        let spoils = self.draws.chance(self.dirty_rate);
        let candidates =
            || (0..self.columns.len()).filter(|index| can_spoil(&self.columns[*index]));
        self.dirty = spoils
            .then(|| candidates().nth(self.draws.below(candidates().count() as u32) as usize))
            .flatten();
    }

    /// Whether the next cell is to be emptied; moves on to the one after it.
    fn empties(&mut self) -> bool {
        let column = &self.columns[self.column];
        self.column += 1;
        let is_missing = column.blankable && self.draws.chance(self.missing_rate);
        // The cell that is to be spoilt is there, or the rate of spoilt rows would not be what was asked for.
        let empties = is_missing && self.dirty != Some(self.column - 1);
        if empties {
            self.missing_cells += 1;
            self.inner.empty();
        }
        empties
    }

    /// Whether the cell that [`Self::empties`] has let pass is to be spoilt.
    fn spoils(&mut self) -> bool {
        let spoils = self.dirty == Some(self.column - 1);
        self.dirty_rows += u64::from(spoils);
        spoils
    }
}

/// Keys, labels and what is no text or number stay as they are.
fn can_spoil(column: &Column) -> bool {
    let is_open = column.blankable || matches!(column.name, "category" | "amount" | "name");
    is_open && matches!(column.kind, Kind::Text | Kind::Money | Kind::Degrees)
}

impl<C: Cells> Cells for Blemishes<'_, C> {
    fn text(&mut self, text: &[u8]) {
        if self.empties() {
            return;
        }
        if !self.spoils() {
            return self.inner.text(text);
        }
        let mut spoilt = [b' '; TEXT_MAX + 1];
        let length = text.len().min(TEXT_MAX);
        spoilt[..length].copy_from_slice(&text[..length]);
        match self.draws.below(4) {
            0 => spoilt[..length].make_ascii_uppercase(),
            1 => return self.inner.text(&spoilt[..=length]),
            2 if length > 2 => spoilt[length / 2..length].reverse(),
            _ => {
                let at = self.draws.below(length.max(1) as u32) as usize;
                spoilt[at] = b'?';
            }
        }
        self.inner.text(&spoilt[..length.max(1)]);
    }

    fn empty(&mut self) {
        self.column += 1;
        self.inner.empty();
    }

    fn key(&mut self, letter: u8, digits: usize, number: u64) {
        self.column += 1;
        self.inner.key(letter, digits, number);
    }

    fn device(&mut self, bits: u64) {
        if !self.empties() {
            let spoils = self.spoils();
            self.inner.device(if spoils { 0 } else { bits });
        }
    }

    fn money(&mut self, minor: i64) {
        if !self.empties() {
            let spoilt = match self.spoils() {
                true if self.draws.chance(0.5) => -minor,
                true => minor * 100,
                false => minor,
            };
            self.inner.money(spoilt);
        }
    }

    fn integer(&mut self, value: i64) {
        if !self.empties() {
            self.inner.integer(value);
        }
    }

    fn degrees(&mut self, millionths: i32) {
        if !self.empties() {
            let spoils = self.spoils();
            self.inner
                .degrees(if spoils { -millionths } else { millionths });
        }
    }

    fn flag(&mut self, value: bool) {
        if !self.empties() {
            self.inner.flag(value);
        }
    }

    fn date(&mut self, text: [u8; 10], days: i32) {
        if !self.empties() {
            self.inner.date(text, days);
        }
    }

    fn timestamp(&mut self, moment: &Moment) {
        if !self.empties() {
            self.inner.timestamp(moment);
        }
    }

    fn end_row(&mut self) {
        self.inner.end_row();
        self.row += 1;
        self.column = 0;
        self.begin_row();
    }
}
