//! An imitation as a Parquet file: one row group a block, pages compressed with zstd.

use std::{ops::Range, sync::Arc};

use parquet::{
    basic::{Compression, LogicalType, Repetition, Type as Physical, ZstdLevel},
    data_type::{ByteArray, ByteArrayType, DataType, DoubleType, Int32Type, Int64Type},
    errors::ParquetError,
    file::{
        properties::WriterProperties,
        writer::{SerializedColumnWriter, SerializedFileWriter},
    },
    schema::types::Type,
};

use super::{block::Cells, imitation::Imitation, lines};
use crate::profile::{ColumnProfile, DAY_SECONDS, Shape};

/// The rows of `range` as a whole file.
pub fn file(
    imitation: &Imitation,
    range: Range<u64>,
    cancelled: impl Fn() -> bool,
) -> Result<Vec<u8>, String> {
    let columns = &imitation.profile().columns;
    let told = |error: ParquetError| format!("write columns: {error}");
    let mut file = open(columns).map_err(told)?;
    let mut written = Ok(());
    imitation
        .parts(range, cancelled, |cells, rows| {
            if written.is_ok() {
                written = group(&mut file, columns, cells, rows);
            }
        })
        .map_err(|error| error.to_string())?;
    written.map_err(told)?;
    file.into_inner().map_err(told)
}

fn open(columns: &[ColumnProfile]) -> Result<SerializedFileWriter<Vec<u8>>, ParquetError> {
    let fields: Result<Vec<Arc<Type>>, ParquetError> = columns.iter().map(field).collect();
    let schema = Type::group_type_builder("imitation")
        .with_fields(fields?)
        .build()?;
    let properties = WriterProperties::builder()
        .set_created_by("callboard".to_owned())
        .set_compression(Compression::ZSTD(ZstdLevel::try_new(1)?))
        .build();
    SerializedFileWriter::new(Vec::new(), Arc::new(schema), Arc::new(properties))
}

fn field(column: &ColumnProfile) -> Result<Arc<Type>, ParquetError> {
    let (physical, logical) = match &column.shape {
        Shape::Key | Shape::Entity { is_number: true } | Shape::Number { decimals: 0, .. } => {
            (Physical::INT64, None)
        }
        Shape::Number { .. } => (Physical::DOUBLE, None),
        Shape::Time { layout } | Shape::Moment { layout, .. } => match layout.has_hours() {
            true => (
                Physical::INT64,
                Some(LogicalType::timestamp(
                    layout.offset_minutes.is_some(),
                    parquet::basic::TimeUnit::MILLIS,
                )),
            ),
            false => (Physical::INT32, Some(LogicalType::Date)),
        },
        Shape::Entity { is_number: false }
        | Shape::Category { .. }
        | Shape::Text { .. }
        | Shape::Withheld => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let builder = Type::primitive_type_builder(&column.name, physical);
    let builder = builder.with_repetition(Repetition::OPTIONAL);
    builder.with_logical_type(logical).build().map(Arc::new)
}

fn group(
    file: &mut SerializedFileWriter<Vec<u8>>,
    columns: &[ColumnProfile],
    cells: &[Cells],
    rows: Range<usize>,
) -> Result<(), ParquetError> {
    let mut group = file.next_row_group()?;
    let mut index = 0;
    while let Some(mut writer) = group.next_column()? {
        write(
            &mut writer,
            &columns[index].shape,
            &cells[index][rows.clone()],
        )?;
        writer.close()?;
        index += 1;
    }
    group.close()?;
    Ok(())
}

fn write(
    writer: &mut SerializedColumnWriter<'_>,
    shape: &Shape,
    cells: &[Option<i64>],
) -> Result<(), ParquetError> {
    match shape {
        Shape::Key | Shape::Entity { is_number: true } | Shape::Number { decimals: 0, .. } => {
            fill::<Int64Type>(writer, cells, |cell| cell)
        }
        Shape::Number { decimals, .. } => {
            let unit = 10_f64.powi(*decimals as i32);
            fill::<DoubleType>(writer, cells, |cell| cell as f64 / unit)
        }
        Shape::Time { layout } | Shape::Moment { layout, .. } => {
            let offset = i64::from(layout.offset_minutes.unwrap_or(0)) * 60;
            match layout.has_hours() {
                true => fill::<Int64Type>(writer, cells, |cell| (cell - offset) * 1_000),
                false => {
                    fill::<Int32Type>(writer, cells, |cell| cell.div_euclid(DAY_SECONDS) as i32)
                }
            }
        }
        Shape::Entity { is_number: false }
        | Shape::Category { .. }
        | Shape::Text { .. }
        | Shape::Withheld => fill::<ByteArrayType>(writer, cells, |cell| {
            let mut text = String::new();
            lines::write(shape, cell, &mut text);
            ByteArray::from(text.into_bytes())
        }),
    }
}

fn fill<T: DataType>(
    writer: &mut SerializedColumnWriter<'_>,
    cells: &[Option<i64>],
    value: impl Fn(i64) -> T::T,
) -> Result<(), ParquetError> {
    let present: Vec<T::T> = cells.iter().flatten().map(|cell| value(*cell)).collect();
    let levels: Vec<i16> = cells.iter().map(|cell| i16::from(cell.is_some())).collect();
    writer
        .typed::<T>()
        .write_batch(&present, Some(&levels), None)?;
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

    #[test]
    fn a_reader_finds_the_rows_that_the_lines_have() {
        let row = |row: i32| {
            let word = ["a", "b", "c"][row as usize % 3];
            format!(
                "{},2024-01-{:02}T10:00:00Z,{}.5,{word}\n",
                row % 9,
                1 + row % 28,
                row % 17
            )
        };
        let csv: String = (0..200).map(row).collect();
        let sample =
            crate::Sample::read(&format!("user,at,price,kind\n{csv}"), None, None).unwrap();
        let imitation = Imitation::new(crate::fit(&sample), 5_000, 3).unwrap();
        let bytes = file(&imitation, 0..5_000, || false).unwrap();
        assert_eq!(bytes, file(&imitation, 0..5_000, || false).unwrap());

        let mut lines = Vec::new();
        imitation
            .encode(crate::Format::Csv, 0..5_000, &mut lines, || false)
            .unwrap();
        let lines = String::from_utf8(lines).unwrap();
        let mut kept = tempfile::tempfile().unwrap();
        kept.write_all(&bytes).unwrap();
        let reader = SerializedFileReader::new(kept).unwrap();
        let mut rows = 0;
        for (fields, line) in reader.get_row_iter(None).unwrap().zip(lines.lines()) {
            let fields = fields.unwrap();
            let cells: Vec<&str> = line.split(',').collect();
            let read: Vec<&Field> = fields.get_column_iter().map(|(_, field)| field).collect();
            assert_eq!(*read[0], Field::Long(cells[0].parse().unwrap()));
            assert!(matches!(read[1], Field::TimestampMillis(_)));
            assert_eq!(*read[2], Field::Double(cells[2].parse().unwrap()));
            assert_eq!(*read[3], Field::Str(cells[3].to_owned()));
            rows += 1;
        }
        assert_eq!(rows, 5_000);
    }
}
