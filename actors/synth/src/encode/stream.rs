//! Any range of a data set's rows, block by block.

use std::ops::Range;

use super::{
    batch::{Batch, Filler},
    blemish::Blemishes,
    cells::Cells,
    lines::Lines,
};
use crate::{
    block::Block,
    column::columns,
    customer::{self, Roll},
    merchant,
    request::{Entity, Format},
    spec::{BLOCK_ROWS, CUSTOMERS_PER_BLOCK, Spec},
    tally::Tally,
    transaction,
};

/// Merchants between two questions whether to go on.
const MERCHANTS_PER_TURN: u64 = 1_024;

/// The caller wanted no more rows; what was appended ends with a whole row.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("generation was cancelled")]
pub struct Cancelled;

/// Appends the line that names the columns, for CSV; other formats have none.
pub fn header(spec: &Spec, out: &mut Vec<u8>) {
    if spec.format() != Format::Csv {
        return;
    }
    for (index, column) in columns(spec.entity()).iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        out.extend_from_slice(column.name.as_bytes());
    }
    out.push(b'\n');
}

/// Appends the rows of `range` that the data set has, as lines of CSV or JSON and without a header.
///
/// Asks `cancelled` before each block of rows. A spec of Parquet is no stream of lines: its rows come from [`batch`], and
/// this function writes them as CSV.
pub fn encode(
    spec: &Spec,
    range: Range<u64>,
    out: &mut Vec<u8>,
    cancelled: impl Fn() -> bool,
) -> Result<Tally, Cancelled> {
    let offset = &spec.locale().utc_offset;
    let columns = columns(spec.entity());
    let mut lines = match spec.format() {
        Format::Jsonl => Lines::json(out, columns, offset),
        Format::Csv | Format::Parquet => Lines::csv(out, columns, offset),
    };
    write(spec, range, &mut lines, cancelled)
}

/// The rows of `range` that the data set has, as typed columns.
pub fn batch(spec: &Spec, range: Range<u64>) -> Batch {
    let rows = spec.clamp(range.clone());
    let mut filler = Filler::new(columns(spec.entity()), (rows.end - rows.start) as usize);
    let tally = write(spec, range, &mut filler, || false).unwrap_or_default();
    filler.done(tally)
}

fn write(
    spec: &Spec,
    range: Range<u64>,
    cells: &mut impl Cells,
    cancelled: impl Fn() -> bool,
) -> Result<Tally, Cancelled> {
    let range = spec.clamp(range);
    if spec.request().missing_rate == 0.0 && spec.request().dirty_rate == 0.0 {
        return write_clean(spec, range, cells, cancelled);
    }
    let mut blemished = Blemishes::new(spec, range.start, cells);
    let mut tally = write_clean(spec, range, &mut blemished, cancelled)?;
    blemished.count_into(&mut tally);
    Ok(tally)
}

fn write_clean(
    spec: &Spec,
    range: Range<u64>,
    cells: &mut impl Cells,
    cancelled: impl Fn() -> bool,
) -> Result<Tally, Cancelled> {
    let turn = match spec.entity() {
        Entity::Customers => CUSTOMERS_PER_BLOCK,
        Entity::Merchants => MERCHANTS_PER_TURN,
        Entity::Transactions => BLOCK_ROWS,
    };
    let mut counts = transaction::Counts::new(spec);
    let mut tally = Tally::default();
    let mut start = range.start;
    while start < range.end {
        if cancelled() {
            return Err(Cancelled);
        }
        let number = start / turn;
        let end = range.end.min((number + 1) * turn);
        match spec.entity() {
            Entity::Customers => {
                let roll = Roll::new(spec, number);
                for row in start..end {
                    customer::write(spec, &roll, row, cells, &mut tally);
                }
            }
            Entity::Merchants => {
                for row in start..end {
                    merchant::write(spec, row, cells, &mut tally);
                }
            }
            Entity::Transactions => {
                let block = Block::make(spec, number);
                let first = number * BLOCK_ROWS;
                let part = (start - first) as usize..(end - first) as usize;
                transaction::write(spec, &block, part, cells, &mut counts);
            }
        }
        start = end;
    }
    counts.add_to(spec, &mut tally);
    Ok(tally)
}
