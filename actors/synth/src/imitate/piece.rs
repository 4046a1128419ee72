//! The pieces of an imitation: each is a file that one task makes. Those of lines, put one behind the other, are the file
//! of the whole imitation; those of Parquet stand alone.

use std::ops::Range;

use callboard_orchestra::artifact::NewArtifact;
use serde::{Deserialize, Serialize};

use super::{columns, imitation::Imitation, pattern::Pattern};
use crate::{
    dataset::{ShardFile, media_type},
    packer::packed,
    profile::{Profile, Shape},
    refusal::{Refusal, RefusalCode},
    request::{Compression, Format},
};

/// Rows of one piece at most.
const PIECE_ROWS: u64 = 131_072;
/// Bytes that the rows of a piece may take, a quarter below what an artifact may have.
const PIECE_BYTES: u64 = 48 * 1024 * 1024;
/// Pieces of one imitation.
pub const PIECES_MAX: u64 = 1_024;
/// Name of the files before their number.
pub const STEM: &str = "imitation";

/// One piece to make.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Piece {
    pub number: u64,
    pub rows: Range<u64>,
    pub seed: u64,
    pub format: Format,
    pub compression: Compression,
}

impl Piece {
    /// The pieces of an imitation, in order.
    pub fn all(
        profile: &Profile,
        rows: u64,
        seed: u64,
        format: Format,
        compression: Compression,
    ) -> impl Iterator<Item = Self> + use<> {
        let size = piece_rows(row_bytes(profile));
        (0..rows.div_ceil(size)).map(move |number| Self {
            number,
            rows: number * size..rows.min((number + 1) * size),
            seed,
            format,
            compression,
        })
    }

    /// Makes the file; nothing where nobody wants it.
    pub fn make(
        &self,
        pattern: Pattern,
        cancelled: impl Fn() -> bool,
    ) -> Result<(ShardFile, NewArtifact), String> {
        let imitation = Imitation::of(pattern, self.rows.end, self.seed);
        let imitation = imitation.map_err(|refusal| refusal.message)?;
        let bytes = match self.format {
            Format::Parquet => columns::file(&imitation, self.rows.clone(), cancelled)?,
            Format::Csv | Format::Jsonl => {
                let mut lines = Vec::new();
                if self.rows.start == 0 {
                    imitation.header(self.format, &mut lines);
                }
                imitation
                    .encode(self.format, self.rows.clone(), &mut lines, cancelled)
                    .map_err(|error| error.to_string())?;
                packed(self.compression, lines).map_err(|error| error.to_string())?
            }
        };
        let name = format!(
            "{STEM}-{:05}.{}",
            self.number,
            ending(self.format, self.compression)
        );
        let left = NewArtifact::new(&name, media_type(self.format, self.compression), bytes);
        let left = left.map_err(|error| error.to_string())?;
        let file = ShardFile {
            name,
            rows: self.rows.clone(),
            bytes: left.artifact.bytes,
            sha256: left.artifact.sha256.clone(),
        };
        Ok((file, left))
    }
}

/// What the names of files end with: `csv.gz`.
pub fn ending(format: Format, compression: Compression) -> String {
    let name = format.as_str();
    match (format, compression) {
        (Format::Parquet, _) | (_, Compression::None) => name.to_owned(),
        (_, Compression::Gzip) => format!("{name}.gz"),
        (_, Compression::Zstd) => format!("{name}.zst"),
    }
}

/// Of a character with its escape.
const CHAR_BYTES: usize = 6;
/// Of a number or a moment, with the marks around it.
const PLAIN_BYTES: usize = 32;

/// Refuses rows of at most `row_bytes` that make more than [`PIECES_MAX`] pieces.
pub fn check_pieces(rows: u64, row_bytes: u64) -> Result<(), Refusal> {
    let most = PIECES_MAX * piece_rows(row_bytes);
    if rows <= most {
        return Ok(());
    }
    let message = format!(
        "rows must be at most {most} where a row takes up to {row_bytes} bytes, not {rows}"
    );
    Err(Refusal::new(RefusalCode::InvalidRows, "rows", message))
}

fn piece_rows(row_bytes: u64) -> u64 {
    (PIECE_BYTES / row_bytes.max(1)).clamp(1, PIECE_ROWS)
}

/// Bytes that a row of an imitation takes at most, whatever is measured of a sample whose columns have these names and,
/// in bytes, these widest cells.
pub fn row_bytes_max<'a>(columns: impl Iterator<Item = (&'a str, usize)>) -> u64 {
    let widths = columns.map(|(name, widest)| CHAR_BYTES * (name.len() + widest) + PLAIN_BYTES);
    widths.sum::<usize>() as u64
}

/// Bytes that a row takes at most, in any format.
pub fn row_bytes(profile: &Profile) -> u64 {
    let widths = profile.columns.iter().map(|column| {
        let cell = match &column.shape {
            Shape::Category { values } => {
                let widest = values.iter().map(|value| value.value.len()).max();
                CHAR_BYTES * widest.unwrap_or(0)
            }
            Shape::Text { chars_mean } => (1.5 * chars_mean) as usize,
            Shape::Entity { .. }
            | Shape::Time { .. }
            | Shape::Number { .. }
            | Shape::Moment { .. }
            | Shape::Key
            | Shape::Withheld => 0,
        };
        CHAR_BYTES * column.name.len() + cell + PLAIN_BYTES
    });
    widths.sum::<usize>() as u64
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn profile() -> Profile {
        let wide = "x".repeat(250);
        let mut columns = vec![
            json!({"name": "n", "missing_share": 0.1, "shape": {"kind": "number",
            "decimals": 2, "knots": {"levels": [0.0, 1.0], "values": [-5.0, 5.0]}}}),
        ];
        columns.extend((0..8).map(|index| {
            json!({"name": format!("w{index}"), "missing_share": 0.0, "shape": {"kind": "category",
                "values": [{"value": wide, "share": 0.5}, {"value": "a,\"b\"", "share": 0.5}]}})
        }));
        serde_json::from_value(json!({"version": 1, "sample_rows": 1_000, "columns": columns}))
            .unwrap()
    }

    fn pattern() -> Pattern {
        Pattern::solve(profile(), || false).unwrap()
    }

    #[test]
    fn wide_rows_make_small_pieces_that_cover_every_row_once() {
        let pieces: Vec<Piece> =
            Piece::all(&profile(), 50_000, 1, Format::Csv, Compression::None).collect();
        assert!(pieces.len() > 5);
        let mut next = 0;
        for piece in &pieces {
            assert_eq!(piece.rows.start, next);
            next = piece.rows.end;
        }
        assert_eq!(next, 50_000);
        let (file, left) = pieces[0].make(pattern(), || false).unwrap();
        assert_eq!(file.bytes, left.artifact.bytes);
        assert_eq!(file.name, "imitation-00000.csv");
    }

    #[test]
    fn rows_are_bounded_by_the_pieces_they_make() {
        let row_bytes = row_bytes(&profile());
        let pieces = |rows| Piece::all(&profile(), rows, 1, Format::Csv, Compression::None);
        let most = PIECES_MAX * piece_rows(row_bytes);
        assert!(check_pieces(most, row_bytes).is_ok());
        assert_eq!(pieces(most).count() as u64, PIECES_MAX);
        let refused = check_pieces(most + 1, row_bytes).unwrap_err();
        assert_eq!(refused.field, "rows");
    }

    #[test]
    fn a_piece_that_nobody_wants_is_given_up() {
        let mut pieces = Piece::all(&profile(), 10, 1, Format::Csv, Compression::None);
        let piece = pieces.next().unwrap();
        assert!(piece.make(pattern(), || true).is_err());
        assert!(
            Pattern::solve(profile(), || true).is_ok(),
            "no pair to solve"
        );
    }
}
