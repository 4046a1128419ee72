//! Shards: the parts of a data set that one task makes, each a file of its own. The files of one set, put one behind the
//! other, are the file of the whole set; those of Parquet stand alone.

use std::ops::Range;

use parquet::errors::ParquetError;
use serde::{Deserialize, Serialize};

use crate::{
    columnar::{ColumnarError, Writer},
    encode::{Cancelled, encode, header},
    packer::Packer,
    request::{Compression, Entity, Format, Request},
    spec::Spec,
    tally::Tally,
};

/// Rows of one shard; whole blocks, and a file far below the bound on artifacts.
pub const SHARD_ROWS: u64 = 131_072;
/// Shards of one job.
pub const SHARDS_MAX: u64 = 1_024;

/// Rows of a shard of this form.
pub const fn shard_rows(entity: Entity, format: Format) -> u64 {
    match (entity, format) {
        // A customer takes about 600 bytes as JSON.
        (Entity::Customers, Format::Jsonl) => SHARD_ROWS / 2,
        _ => SHARD_ROWS,
    }
}

/// One shard to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Shard {
    pub request: Request,
    /// Name of the set's files before their number.
    pub stem: String,
    pub number: u64,
    pub rows: Range<u64>,
}

/// A file that was made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardFile {
    pub name: String,
    pub rows: Range<u64>,
    pub bytes: u64,
    /// In hex.
    pub sha256: String,
}

/// A file and what its rows come to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ShardReport {
    pub file: ShardFile,
    pub tally: Tally,
}

/// The shards of a set, in order.
pub fn shards(request: &Request, stem: &str) -> impl Iterator<Item = Shard> {
    let rows = shard_rows(request.entity, request.format);
    (0..request.rows.div_ceil(rows)).map(move |number| Shard {
        request: request.clone(),
        stem: stem.to_owned(),
        number,
        rows: number * rows..request.rows.min((number + 1) * rows),
    })
}

impl Shard {
    /// The name of its file: `transactions-00000.csv.gz`.
    pub fn file_name(&self) -> String {
        format!("{}-{:05}.{}", self.stem, self.number, ending(&self.request))
    }
}

/// What the names of a set's files end with: `csv.gz`.
pub fn ending(request: &Request) -> String {
    let format = request.format.as_str();
    match (request.format, request.compression) {
        (Format::Parquet, _) | (_, Compression::None) => format.to_owned(),
        (_, Compression::Gzip) => format!("{format}.gz"),
        (_, Compression::Zstd) => format!("{format}.zst"),
    }
}

/// The media type of such a file.
pub const fn media_type(format: Format, compression: Compression) -> &'static str {
    match (format, compression) {
        (Format::Parquet, _) => "application/vnd.apache.parquet",
        (_, Compression::Gzip) => "application/gzip",
        (_, Compression::Zstd) => "application/zstd",
        (Format::Csv, Compression::None) => "text/csv; charset=utf-8",
        (Format::Jsonl, Compression::None) => "application/x-ndjson",
    }
}

/// The bytes of a shard as they grow, a few blocks at a time.
pub struct Press {
    spec: Spec,
    left: Range<u64>,
    form: Form,
    tally: Tally,
}

enum Form {
    Lines { packer: Packer, lines: Vec<u8> },
    Columns(Writer),
}

impl Press {
    /// Begins the shard `rows` of a set; its first one has the header.
    pub fn new(spec: Spec, rows: Range<u64>) -> Result<Self, PressError> {
        let left = spec.clamp(rows);
        let form = match spec.format() {
            Format::Parquet => Form::Columns(
                Writer::new(&spec, left.end - left.start).map_err(PressError::Columns)?,
            ),
            Format::Csv | Format::Jsonl => {
                let mut lines = Vec::new();
                if left.start == 0 {
                    header(&spec, &mut lines);
                }
                Form::Lines {
                    packer: Packer::new(spec.compression())?,
                    lines,
                }
            }
        };
        Ok(Self {
            spec,
            left,
            form,
            tally: Tally::default(),
        })
    }

    /// Rows that are still to be made.
    pub fn rows_left(&self) -> u64 {
        self.left.end - self.left.start
    }

    /// Makes the next `rows`, unless cancelled.
    pub fn advance(&mut self, rows: u64, cancelled: impl Fn() -> bool) -> Result<(), PressError> {
        let range = self.left.start..self.left.end.min(self.left.start + rows);
        let tally = match &mut self.form {
            Form::Lines { packer, lines } => {
                let tally = encode(&self.spec, range.clone(), lines, cancelled)?;
                packer.take(lines)?;
                tally
            }
            Form::Columns(writer) => writer.append(&self.spec, range.clone(), cancelled)?,
        };
        self.tally.merge(&tally);
        self.left.start = range.end;
        Ok(())
    }

    /// The whole file and what its rows come to.
    pub fn finish(self) -> Result<(Vec<u8>, Tally), PressError> {
        let bytes = match self.form {
            Form::Lines {
                mut packer,
                mut lines,
            } => {
                packer.take(&mut lines)?;
                packer.finish()?
            }
            Form::Columns(writer) => writer.finish().map_err(PressError::Columns)?,
        };
        Ok((bytes, self.tally))
    }
}

/// Why a shard was not made.
#[derive(Debug, thiserror::Error)]
pub enum PressError {
    #[error(transparent)]
    Cancelled(#[from] Cancelled),
    #[error("write columns")]
    Columns(#[source] ParquetError),
    #[error("compress")]
    Compress(#[from] std::io::Error),
}

impl From<ColumnarError> for PressError {
    fn from(error: ColumnarError) -> Self {
        match error {
            ColumnarError::Cancelled(cancelled) => Self::Cancelled(cancelled),
            ColumnarError::Write(error) => Self::Columns(error),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ROWS: u64 = SHARD_ROWS + 5_000;

    fn made(shard: &Shard, step: u64) -> (Vec<u8>, Tally) {
        let spec = shard.request.clone().resolve().unwrap();
        let mut press = Press::new(spec, shard.rows.clone()).unwrap();
        while press.rows_left() > 0 {
            press.advance(step, || false).unwrap();
        }
        press.finish().unwrap()
    }

    #[test]
    fn shards_put_together_are_the_set_whatever_the_step() {
        for compression in [Compression::None, Compression::Zstd] {
            let request = Request {
                rows: ROWS,
                compression,
                ..Request::default()
            };
            let spec = request.clone().resolve().unwrap();
            let mut whole = Vec::new();
            header(&spec, &mut whole);
            let whole_tally = encode(&spec, 0..ROWS, &mut whole, || false).unwrap();

            let (mut joined, mut tally) = (Vec::new(), Tally::default());
            for (shard, step) in shards(&request, "transactions").zip([SHARD_ROWS, 1_111]) {
                let (bytes, part) = made(&shard, step);
                joined.extend(bytes);
                tally.merge(&part);
            }
            if compression == Compression::Zstd {
                joined = zstd::decode_all(joined.as_slice()).unwrap();
            }
            assert!(joined == whole, "{compression:?}");
            assert_eq!(tally, whole_tally);
        }
    }

    #[test]
    fn files_are_named_for_the_set_in_the_order_of_its_rows() {
        let request = Request {
            rows: ROWS,
            compression: Compression::Gzip,
            ..Request::default()
        };
        let names: Vec<String> = shards(&request, "transactions")
            .map(|shard| shard.file_name())
            .collect();
        assert_eq!(
            names,
            ["transactions-00000.csv.gz", "transactions-00001.csv.gz"]
        );
    }

    #[test]
    fn no_shard_comes_near_the_largest_artifact() {
        for entity in Entity::ALL {
            for format in [Format::Csv, Format::Jsonl] {
                for locale in ["in", "us"] {
                    let request = Request {
                        entity,
                        format,
                        locale: locale.to_owned(),
                        rows: 4_096,
                        fraud_rate: 0.5,
                        ..Request::default()
                    };
                    let sample = shards(&request, "x").next().unwrap();
                    let row_bytes = made(&sample, 4_096).0.len() as u64 / 4_096 + 1;
                    let shard_bytes = row_bytes * shard_rows(entity, format);
                    let bound = callboard_orchestra::artifact::ARTIFACT_BYTES_MAX as u64;
                    assert!(
                        shard_bytes < bound - bound / 8,
                        "{entity:?} {format:?} {locale}: {row_bytes} bytes a row"
                    );
                }
            }
        }
    }

    #[test]
    fn a_shard_that_nobody_wants_is_given_up() {
        let spec = Request::default().resolve().unwrap();
        let mut press = Press::new(spec, 0..1_000).unwrap();
        assert!(matches!(
            press.advance(1_000, || true),
            Err(PressError::Cancelled(_))
        ));
    }
}
