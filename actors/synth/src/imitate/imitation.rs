//! An imitation: a profile, a number of rows and a seed.

use std::{ops::Range, sync::Arc};

use super::{
    block::{Cells, Mould},
    lines,
    pattern::{Pattern, PatternError},
};
use crate::{
    encode::Cancelled,
    profile::Profile,
    refusal::{Refusal, RefusalCode},
    request::Format,
};

/// Rows of one imitation.
pub const IMITATION_ROWS_MAX: u64 = 10_000_000;

/// Rows that follow a profile. The same profile, seed and row give the same bytes. Clones share what it holds.
#[derive(Debug, Clone)]
pub struct Imitation {
    mould: Arc<Mould>,
    rows: u64,
}

impl Imitation {
    /// Validates the profile and the number of rows; the refusal names the field at fault.
    pub fn new(profile: Profile, rows: u64, seed: u64) -> Result<Self, Refusal> {
        match Pattern::solve(profile, || false) {
            Ok(pattern) => Self::of(pattern, rows, seed),
            Err(PatternError::Refused(refusal)) => Err(refusal),
            Err(PatternError::Cancelled(_)) => unreachable!("nobody cancels"),
        }
    }

    /// As [`Imitation::new`], of a profile whose copula is solved.
    pub fn of(pattern: Pattern, rows: u64, seed: u64) -> Result<Self, Refusal> {
        check_rows(rows)?;
        check_profile(pattern.profile())?;
        if !pattern.is_whole() {
            let message = "profile.columns are not those that its copula was solved for";
            return Err(Refusal::new(
                RefusalCode::InvalidProfile,
                "profile",
                message,
            ));
        }
        let mould = Arc::new(Mould::new(pattern, seed));
        Ok(Self { mould, rows })
    }

    pub fn rows(&self) -> u64 {
        self.rows
    }

    pub fn profile(&self) -> &Profile {
        self.mould.profile()
    }

    /// Rows that are made together.
    pub fn block_rows(&self) -> u64 {
        self.mould.block_rows()
    }

    /// The cells of a whole block, by column.
    pub(crate) fn block(&self, number: u64) -> Vec<Cells> {
        self.mould.make(number)
    }

    /// Entities of a block with one row, and all of them.
    pub(crate) fn entities_of_block(&self) -> (usize, usize) {
        self.mould.entities()
    }

    /// Appends the line that names the columns, for CSV; other formats have none.
    pub fn header(&self, format: Format, out: &mut Vec<u8>) {
        if format == Format::Csv {
            lines::header(&self.profile().columns, out);
        }
    }

    /// Appends the rows of `range` that the imitation has, as JSON lines or else as CSV without a header. Asks `cancelled`
    /// before each block.
    pub fn encode(
        &self,
        format: Format,
        range: Range<u64>,
        out: &mut Vec<u8>,
        cancelled: impl Fn() -> bool,
    ) -> Result<(), Cancelled> {
        self.parts(range, cancelled, |columns, rows| {
            let shapes = &self.profile().columns;
            match format {
                Format::Jsonl => lines::json(shapes, columns, rows, out),
                Format::Csv | Format::Parquet => lines::csv(shapes, columns, rows, out),
            }
        })
    }

    /// Hands over the rows of `range` that the imitation has, block by block: cells by column, and which of them.
    pub(crate) fn parts(
        &self,
        range: Range<u64>,
        cancelled: impl Fn() -> bool,
        mut take: impl FnMut(&[Cells], Range<usize>),
    ) -> Result<(), Cancelled> {
        let block_rows = self.block_rows();
        let end = range.end.min(self.rows);
        let mut start = range.start;
        while start < end {
            if cancelled() {
                return Err(Cancelled);
            }
            let number = start / block_rows;
            let first = number * block_rows;
            let next = end.min(first + block_rows);
            let columns = self.mould.make(number);
            take(&columns, (start - first) as usize..(next - first) as usize);
            start = next;
        }
        Ok(())
    }
}

/// Refuses a number of rows that is none or too large.
pub fn check_rows(rows: u64) -> Result<(), Refusal> {
    if (1..=IMITATION_ROWS_MAX).contains(&rows) {
        return Ok(());
    }
    let message = format!("rows must be between 1 and {IMITATION_ROWS_MAX}, not {rows}");
    Err(Refusal::new(RefusalCode::InvalidRows, "rows", message))
}

/// Refuses a profile that contradicts itself, naming the place in it.
pub fn check_profile(profile: &Profile) -> Result<(), Refusal> {
    match profile.fault() {
        None => Ok(()),
        Some((place, what)) => {
            let message = format!("profile.{place} {what}");
            Err(Refusal::new(
                RefusalCode::InvalidProfile,
                "profile",
                message,
            ))
        }
    }
}
