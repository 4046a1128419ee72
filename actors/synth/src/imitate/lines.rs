//! Cells as text. What a sample calls its columns and words may hold anything, so cells are quoted and escaped as needed.

use std::{fmt::Write as _, ops::Range};

use super::block::Cells;
use crate::profile::{ColumnProfile, Shape};

/// What a formula begins with in a spreadsheet; the wide forms count in some languages.
const FORMULA_STARTS: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];
/// Letters of a text that stands for one that is not kept.
const TEXT_CHARS_MAX: u64 = 2_000;

pub fn header(columns: &[ColumnProfile], out: &mut Vec<u8>) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        text(&column.name, columns.len() == 1, out);
    }
    out.push(b'\n');
}

pub fn csv(columns: &[ColumnProfile], cells: &[Cells], rows: Range<usize>, out: &mut Vec<u8>) {
    let mut written = String::new();
    for row in rows {
        for (index, (column, cells)) in columns.iter().zip(cells).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            let Some(cell) = cells[row] else {
                // A blank line would be no row at all.
                if columns.len() == 1 {
                    out.extend_from_slice(b"\"\"");
                }
                continue;
            };
            written.clear();
            write(&column.shape, cell, &mut written);
            match &column.shape {
                Shape::Category { .. } | Shape::Text { .. } => {
                    text(&written, columns.len() == 1, out);
                }
                Shape::Entity { .. }
                | Shape::Time { .. }
                | Shape::Number { .. }
                | Shape::Moment { .. }
                | Shape::Key
                | Shape::Withheld => out.extend_from_slice(written.as_bytes()),
            }
        }
        out.push(b'\n');
    }
}

pub fn json(columns: &[ColumnProfile], cells: &[Cells], rows: Range<usize>, out: &mut Vec<u8>) {
    let names: Vec<String> = columns.iter().map(|column| escaped(&column.name)).collect();
    let mut text = String::new();
    for row in rows {
        for (index, (column, cells)) in columns.iter().zip(cells).enumerate() {
            out.push(if index == 0 { b'{' } else { b',' });
            out.extend_from_slice(names[index].as_bytes());
            out.push(b':');
            let Some(cell) = cells[row] else {
                out.extend_from_slice(b"null");
                continue;
            };
            text.clear();
            write(&column.shape, cell, &mut text);
            match &column.shape {
                Shape::Number { .. } | Shape::Key | Shape::Entity { is_number: true } => {
                    out.extend_from_slice(text.as_bytes());
                }
                Shape::Entity { is_number: false }
                | Shape::Time { .. }
                | Shape::Moment { .. }
                | Shape::Category { .. }
                | Shape::Text { .. }
                | Shape::Withheld => out.extend_from_slice(escaped(&text).as_bytes()),
            }
        }
        out.extend_from_slice(b"}\n");
    }
}

/// Appends a cell as text.
pub fn write(shape: &Shape, cell: i64, out: &mut String) {
    // Writing to a text cannot fail.
    let _ = match shape {
        Shape::Entity { is_number: false } => write!(out, "e{cell:010}"),
        Shape::Entity { is_number: true } | Shape::Key => write!(out, "{cell}"),
        Shape::Number { decimals: 0, .. } => write!(out, "{cell}"),
        Shape::Number { decimals, .. } => {
            let unit = 10_u64.pow(*decimals);
            let (sign, size) = (if cell < 0 { "-" } else { "" }, cell.unsigned_abs());
            let digits = *decimals as usize;
            write!(out, "{sign}{}.{:0digits$}", size / unit, size % unit)
        }
        Shape::Time { layout } | Shape::Moment { layout, .. } => {
            layout.write(cell, out);
            Ok(())
        }
        Shape::Category { values } => write!(out, "{}", values[cell as usize].value),
        Shape::Text { chars_mean } => {
            letters(*chars_mean, cell as u64, out);
            Ok(())
        }
        Shape::Withheld => Ok(()),
    };
}

/// A text of random letters, half to one and a half times as long as the mean.
fn letters(chars_mean: f64, bits: u64, out: &mut String) {
    let half = (chars_mean / 2.0) as u64;
    let count = (half + bits % (2 * half + 1)).clamp(1, TEXT_CHARS_MAX);
    let mut state = bits;
    for _ in 0..count {
        state = crate::random::mix(state.wrapping_add(0x9E37_79B9_7F4A_7C15));
        out.push(char::from(b'a' + (state % 26) as u8));
    }
}

/// Appends a word as a cell. One that a spreadsheet would take for a formula gets an apostrophe before it, as OWASP's page on
/// CSV injection says; an empty one that stands alone is quoted, since a blank line is no row.
fn text(word: &str, is_alone: bool, out: &mut Vec<u8>) {
    let is_formula = word.trim_start_matches(' ').starts_with(FORMULA_STARTS);
    let is_plain = |byte: u8| !matches!(byte, b',' | b'"' | b'\n' | b'\r');
    let is_quoted = is_formula || is_alone && word.is_empty() || !word.bytes().all(is_plain);
    if !is_quoted {
        out.extend_from_slice(word.as_bytes());
        return;
    }
    out.push(b'"');
    if is_formula {
        out.push(b'\'');
    }
    out.extend_from_slice(word.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

fn escaped(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn column(words: &[&str]) -> ColumnProfile {
        let shares: Vec<_> = words
            .iter()
            .map(|word| serde_json::json!({"value": word, "share": 0.5}))
            .collect();
        let shape = serde_json::json!({"kind": "category", "values": shares});
        ColumnProfile {
            name: "=name".to_owned(),
            missing_share: 0.0,
            shape: serde_json::from_value(shape).unwrap(),
        }
    }

    #[test]
    fn words_that_a_spreadsheet_would_run_are_written_as_text() {
        let words = [
            "=1+1",
            "+91",
            "-",
            "@a",
            "\tx",
            " =cmd|'/c'!A1",
            "＝A1",
            "a=b",
            "say \"=\"",
            "1-2",
        ];
        let columns = [column(&words)];
        let cells: Vec<Cells> = vec![(0..words.len() as i64).map(Some).collect()];
        let (mut lines, mut objects) = (Vec::new(), Vec::new());
        header(&columns, &mut lines);
        csv(&columns, &cells, 0..words.len(), &mut lines);
        json(&columns, &cells, 0..words.len(), &mut objects);
        let mut reader = csv::Reader::from_reader(lines.as_slice());
        assert_eq!(&reader.headers().unwrap()[0], "'=name");
        let read: Vec<String> = reader
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect();
        for (index, (read, word)) in read.iter().zip(words).enumerate() {
            match index < 7 {
                true => assert_eq!(*read, format!("'{word}")),
                false => assert_eq!(read, word),
            }
        }
        assert_eq!(read.len(), words.len());
        let first = objects.split(|byte| *byte == b'\n').next().unwrap();
        assert_eq!(first, br#"{"=name":"=1+1"}"#);
    }

    #[test]
    fn a_missing_cell_that_stands_alone_is_read_back_as_one() {
        let columns = [column(&["a", ""])];
        let cells: Vec<Cells> = vec![vec![Some(0), None, Some(1), Some(0)]];
        let mut lines = Vec::new();
        header(&columns, &mut lines);
        csv(&columns, &cells, 0..4, &mut lines);
        let mut reader = csv::Reader::from_reader(lines.as_slice());
        let read: Vec<String> = reader
            .records()
            .map(|row| row.unwrap()[0].to_owned())
            .collect();
        assert_eq!(read, ["a", "", "", "a"]);
    }
}
