//! A long answer as a Parquet file: one row group after the other, since each needs to know where the last one ended.

use std::{io, ops::Range};

use actix_web::web::Bytes;
use callboard_synth::{ColumnarError, ParquetWriter, Spec};
use futures_util::stream;

use super::generation::{LongAnswer, count};

struct Sending {
    answer: LongAnswer,
    spec: Spec,
    left: Range<u64>,
    /// None once the footer is made.
    writer: Option<ParquetWriter>,
}

/// The file of the rows `rows` of the data set. Errors when a file cannot be begun.
pub fn columns(
    answer: LongAnswer,
    spec: Spec,
    rows: Range<u64>,
) -> io::Result<impl stream::Stream<Item = io::Result<Bytes>>> {
    let writer = ParquetWriter::new(&spec, rows.end - rows.start).map_err(io::Error::other)?;
    let sending = Sending {
        answer,
        spec,
        left: rows,
        writer: Some(writer),
    };
    Ok(stream::try_unfold(sending, next))
}

async fn next(mut sending: Sending) -> io::Result<Option<(Bytes, Sending)>> {
    let Some(mut writer) = sending.writer.take() else {
        return Ok(None);
    };
    if sending.left.is_empty() {
        let footer = sending
            .answer
            .make(move |_| writer.finish().map_err(io::Error::other));
        return Ok(Some((footer.await?.into(), sending)));
    }
    let end = sending
        .left
        .end
        .min(sending.left.start + writer.group_rows());
    let (spec, rows) = (sending.spec.clone(), sending.left.start..end);
    let made = sending.answer.make(move |is_cancelled| {
        let tally = writer
            .append(&spec, rows, is_cancelled)
            .map_err(io::Error::other)?;
        count(spec.entity(), tally.rows);
        let group = writer
            .drain()
            .map_err(|error| io::Error::other(ColumnarError::Write(error)))?;
        Ok((writer, group))
    });
    let (writer, group) = made.await?;
    sending.writer = Some(writer);
    sending.left.start = end;
    Ok(Some((group.into(), sending)))
}
