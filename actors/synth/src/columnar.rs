//! Rows as a Parquet file: typed columns, row groups of a few blocks, pages compressed with zstd.

use std::{fmt::Write as _, ops::Range, sync::Arc};

use parquet::{
    basic::{Compression, ZstdLevel},
    data_type::{BoolType, ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type},
    errors::{ParquetError, Result},
    file::{
        properties::{EnabledStatistics, WriterProperties},
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::parser::parse_message_type,
};

use crate::{
    column::{Column, Kind, columns},
    encode::{Batch, Cancelled, Values, batch},
    spec::{BLOCK_ROWS, Spec},
    tally::Tally,
};

/// Rows of a row group: what the writer holds in memory at one time.
pub const GROUP_ROWS: u64 = 8 * BLOCK_ROWS;
/// Rows of a row group of a long file, at most.
const GROUP_ROWS_MAX: u64 = 24 * BLOCK_ROWS;
/// Row groups of a file: the writer keeps what the footer says of each. A file of more than `GROUPS_MAX * GROUP_ROWS_MAX`
/// rows, a hundred million, has more.
const GROUPS_MAX: u64 = 1_024;
/// Degrees in memory are millionths.
const MILLIONTHS: f64 = 1e6;

/// A file as it grows.
pub struct Writer {
    file: SerializedFileWriter<Vec<u8>>,
    columns: &'static [Column],
    group_rows: u64,
}

/// A file is given up or cannot be written.
#[derive(Debug, thiserror::Error)]
pub enum ColumnarError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("write columns")]
    Write(#[from] ParquetError),
}

impl Writer {
    /// A file of `rows` rows. It has neither statistics nor an index of pages: both grow with its rows, and the writer
    /// would keep them to the end.
    pub fn new(spec: &Spec, rows: u64) -> Result<Self> {
        let columns = columns(spec.entity());
        let schema = parse_message_type(&schema(spec.entity().as_str(), columns))?;
        let properties = WriterProperties::builder()
            .set_created_by("callboard".to_owned())
            .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
            .set_statistics_enabled(EnabledStatistics::None)
            .set_offset_index_disabled(true)
            .build();
        let file = SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))?;
        Ok(Self {
            file,
            columns,
            group_rows: group_rows(rows),
        })
    }

    /// Rows of one row group.
    pub fn group_rows(&self) -> u64 {
        self.group_rows
    }

    /// Appends the rows of `range` in row groups of at most [`Self::group_rows`].
    pub fn append(
        &mut self,
        spec: &Spec,
        range: Range<u64>,
        cancelled: impl Fn() -> bool,
    ) -> std::result::Result<Tally, ColumnarError> {
        let mut tally = Tally::default();
        let mut start = range.start;
        while start < range.end {
            let end = range.end.min(start + self.group_rows);
            let mut batches = Vec::new();
            while start < end {
                if cancelled() {
                    return Err(Cancelled.into());
                }
                let next = end.min(start + BLOCK_ROWS);
                let made = batch(spec, start..next);
                tally.merge(&made.tally);
                batches.push(made);
                start = next;
            }
            self.write_group(&batches)?;
        }
        Ok(tally)
    }

    fn write_group(&mut self, batches: &[Batch]) -> Result<()> {
        let mut group = self.file.next_row_group()?;
        let mut index = 0;
        while let Some(mut writer) = group.next_column()? {
            let is_optional = is_optional(&self.columns[index]);
            for batch in batches {
                write_column(&mut writer, &batch.columns[index], is_optional)?;
            }
            writer.close()?;
            index += 1;
        }
        group.close()?;
        Ok(())
    }

    /// What has been written since the last call, for whoever sends a file as it grows.
    pub fn drain(&mut self) -> Result<Vec<u8>> {
        self.file.flush()?;
        Ok(std::mem::take(self.file.inner_mut()))
    }

    /// The bytes that have not been drained, the footer last.
    pub fn finish(self) -> Result<Vec<u8>> {
        self.file.into_inner()
    }
}

/// Whole blocks, more of them the longer the file is.
fn group_rows(rows: u64) -> u64 {
    let blocks = rows.div_ceil(GROUPS_MAX).div_ceil(BLOCK_ROWS);
    (blocks * BLOCK_ROWS).clamp(GROUP_ROWS, GROUP_ROWS_MAX)
}

fn is_optional(column: &Column) -> bool {
    column.nullable || column.blankable
}

/// The message type of the columns, as Parquet writes it.
fn schema(name: &str, columns: &[Column]) -> String {
    let mut text = format!("message {name} {{ ");
    for column in columns {
        let repetition = match is_optional(column) {
            true => "optional",
            false => "required",
        };
        let (physical, logical) = match column.kind {
            Kind::Text => ("binary", " (STRING)"),
            Kind::Money => ("int64", " (DECIMAL(18,2))"),
            Kind::Integer => ("int64", ""),
            Kind::Degrees => ("double", ""),
            Kind::Flag => ("boolean", ""),
            Kind::Date => ("int32", " (DATE)"),
            Kind::Timestamp => ("int64", " (TIMESTAMP(MILLIS,true))"),
        };
        // Writing to a text cannot fail.
        let _ = write!(text, "{repetition} {physical} {}{logical}; ", column.name);
    }
    text.push('}');
    text
}

fn write_column(
    writer: &mut SerializedColumnWriter<'_>,
    values: &Values,
    is_optional: bool,
) -> Result<()> {
    match values {
        Values::Text(texts) => {
            let cells = texts.iter().map(|text| text.map(ByteArray::from));
            write_cells::<ByteArrayType>(writer, cells, is_optional)
        }
        Values::Money(cells) | Values::Integer(cells) | Values::Timestamp(cells) => {
            write_cells::<Int64Type>(writer, cells.iter().copied(), is_optional)
        }
        Values::Degrees(cells) => {
            let cells = cells.iter();
            let degrees = cells.map(|cell| cell.map(|cell| f64::from(cell) / MILLIONTHS));
            write_cells::<DoubleType>(writer, degrees, is_optional)
        }
        Values::Flag(cells) => write_cells::<BoolType>(writer, cells.iter().copied(), is_optional),
        Values::Date(cells) => write_cells::<Int32Type>(writer, cells.iter().copied(), is_optional),
    }
}

fn write_cells<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    cells: impl Iterator<Item = Option<T::T>>,
    is_optional: bool,
) -> Result<()> {
    let mut present = Vec::with_capacity(cells.size_hint().0);
    let mut levels = Vec::with_capacity(cells.size_hint().0);
    for cell in cells {
        levels.push(i16::from(cell.is_some()));
        present.extend(cell);
    }
    if !is_optional && present.len() < levels.len() {
        let what = "an empty cell in a column that has none".to_owned();
        return Err(ParquetError::General(what));
    }
    let levels = is_optional.then_some(levels.as_slice());
    writer.typed::<T>().write_batch(&present, levels, None)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use parquet::{
        file::reader::{FileReader as _, SerializedFileReader},
        record::Field,
    };

    use super::*;
    use crate::request::{Entity, Format, Request};

    fn spec(entity: Entity, rows: u64) -> Spec {
        let request = Request {
            entity,
            rows,
            format: Format::Parquet,
            missing_rate: 0.1,
            ..Request::default()
        };
        request.resolve().unwrap()
    }

    fn file(spec: &Spec, drained: bool) -> Vec<u8> {
        let mut writer = Writer::new(spec, spec.rows()).unwrap();
        let mut bytes = Vec::new();
        for start in (0..spec.rows()).step_by(GROUP_ROWS as usize) {
            let rows = spec.clamp(start..start + GROUP_ROWS);
            writer.append(spec, rows, || false).unwrap();
            if drained {
                bytes.extend(writer.drain().unwrap());
            }
        }
        bytes.extend(writer.finish().unwrap());
        bytes
    }

    #[test]
    fn a_reader_finds_every_row_with_its_values() {
        for entity in Entity::ALL {
            let spec = spec(entity, GROUP_ROWS + 1_000);
            let mut kept = tempfile::tempfile().unwrap();
            kept.write_all(&file(&spec, false)).unwrap();
            let reader = SerializedFileReader::new(kept).unwrap();
            let rows = reader.metadata().file_metadata().num_rows();
            assert_eq!(rows as u64, spec.rows());

            let made = batch(&spec, 0..BLOCK_ROWS);
            let read = reader.get_row_iter(None).unwrap().take(300);
            let (mut empty, mut full) = (0, 0);
            for (row, fields) in read.enumerate() {
                let fields = fields.unwrap();
                for ((column, values), (name, field)) in columns(entity)
                    .iter()
                    .zip(&made.columns)
                    .zip(fields.get_column_iter())
                {
                    assert_eq!(column.name, name);
                    let is_empty = match (values, field) {
                        (Values::Text(texts), Field::Str(read)) => {
                            assert_eq!(texts.get(row), Some(read.as_bytes()));
                            false
                        }
                        (Values::Text(texts), Field::Null) => texts.get(row).is_none(),
                        (Values::Flag(flags), Field::Bool(read)) => {
                            assert_eq!(flags[row], Some(*read));
                            false
                        }
                        (Values::Degrees(cells), Field::Double(read)) => {
                            assert!((f64::from(cells[row].unwrap()) / 1e6 - read).abs() < 1e-9);
                            false
                        }
                        (_, field) => *field == Field::Null,
                    };
                    empty += usize::from(is_empty);
                    full += usize::from(!is_empty);
                }
            }
            assert!(empty > 0 && full > empty, "{entity:?}: {empty} of {full}");
        }
    }

    #[test]
    fn what_is_kept_of_the_groups_of_a_file_is_bounded() {
        const GROUPS: u64 = 4;
        const KEPT_BYTES_MAX: u64 = 16_000_000;
        for entity in Entity::ALL {
            let spec = spec(entity, GROUPS * 100);
            let mut writer = Writer::new(&spec, spec.rows()).unwrap();
            for group in 0..GROUPS {
                let rows = group * 100..(group + 1) * 100;
                writer.append(&spec, rows, || false).unwrap();
            }
            let mut kept = tempfile::tempfile().unwrap();
            kept.write_all(&writer.finish().unwrap()).unwrap();
            let reader = SerializedFileReader::new(kept).unwrap();
            let metadata = reader.metadata();
            for chunk in metadata
                .row_groups()
                .iter()
                .flat_map(|group| group.columns())
            {
                assert!(chunk.statistics().is_none());
                assert!(chunk.column_index_offset().is_none());
                assert!(chunk.offset_index_offset().is_none());
            }
            let of_group = metadata.memory_size() as u64 / GROUPS;
            assert!(
                of_group * GROUPS_MAX <= KEPT_BYTES_MAX,
                "{entity:?}: {of_group} bytes a group"
            );
        }
        for rows in [1_u64, 1_000_000, 10_000_000, 100_000_000] {
            let groups = rows.div_ceil(group_rows(rows));
            assert!(groups <= GROUPS_MAX, "{groups} groups of {rows} rows");
        }
        assert_eq!(group_rows(1_000_000), GROUP_ROWS);
        assert_eq!(group_rows(u64::MAX), GROUP_ROWS_MAX);
    }

    #[test]
    fn a_file_sent_as_it_grows_is_the_same_file() {
        let spec = spec(Entity::Transactions, 2 * GROUP_ROWS + 7);
        assert_eq!(file(&spec, true), file(&spec, false));
    }

    #[test]
    fn a_file_is_given_up_when_nobody_wants_it() {
        let spec = spec(Entity::Merchants, 1_000);
        let mut writer = Writer::new(&spec, 1_000).unwrap();
        let given_up = writer.append(&spec, 0..1_000, || true);
        assert!(matches!(given_up, Err(ColumnarError::Cancelled(_))));
    }
}
