//! A long answer of lines: pieces made by several threads at one time and sent in the order of their rows. A piece is
//! begun only when one before it has been taken, so a slow client holds the threads back and memory stays bounded.

use std::{io, ops::Range};

use actix_web::web::Bytes;
use callboard_synth::{BLOCK_ROWS, Spec, encode, header, packed};
use futures_util::{StreamExt as _, stream};

use super::generation::{LongAnswer, cores, count};

/// Rows of one piece: whole blocks, about 1.5 MB.
pub const PIECE_ROWS: u64 = 2 * BLOCK_ROWS;
/// Above the bytes of a row, so that a piece rarely grows.
const ROW_BYTES: usize = 256;

/// The rows `rows` of the data set, the header before the first of all.
pub fn lines(
    answer: LongAnswer,
    spec: Spec,
    rows: Range<u64>,
) -> impl stream::Stream<Item = io::Result<Bytes>> {
    let pieces = rows.start / PIECE_ROWS..rows.end.div_ceil(PIECE_ROWS);
    let begin = move |piece: u64| {
        let first = piece * PIECE_ROWS;
        let part = first.max(rows.start)..(first + PIECE_ROWS).min(rows.end);
        let spec = spec.clone();
        answer.make(move |is_cancelled| make(&spec, part, is_cancelled))
    };
    stream::iter(pieces).map(begin).buffered(cores() + 1)
}

fn make(spec: &Spec, rows: Range<u64>, is_cancelled: &dyn Fn() -> bool) -> io::Result<Bytes> {
    let mut piece = Vec::with_capacity(ROW_BYTES * (rows.end - rows.start) as usize);
    if rows.start == 0 {
        header(spec, &mut piece);
    }
    let tally = encode(spec, rows, &mut piece, is_cancelled).map_err(io::Error::other)?;
    count(spec.entity(), tally.rows);
    Ok(packed(spec.compression(), piece)?.into())
}
