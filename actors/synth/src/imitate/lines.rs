//! Cells as text. What a sample calls its columns and words may hold anything, so cells are quoted and escaped as needed.

use std::{fmt::Write as _, ops::Range};

use super::block::Cells;
use crate::profile::{ColumnProfile, Shape};

/// Letters of a text that stands for one that is not kept.
const TEXT_CHARS_MAX: u64 = 2_000;

pub fn header(columns: &[ColumnProfile], out: &mut Vec<u8>) {
    for (index, column) in columns.iter().enumerate() {
        if index > 0 {
            out.push(b',');
        }
        quoted(&column.name, out);
    }
    out.push(b'\n');
}

pub fn csv(columns: &[ColumnProfile], cells: &[Cells], rows: Range<usize>, out: &mut Vec<u8>) {
    let mut text = String::new();
    for row in rows {
        for (index, (column, cells)) in columns.iter().zip(cells).enumerate() {
            if index > 0 {
                out.push(b',');
            }
            if let Some(cell) = cells[row] {
                text.clear();
                write(&column.shape, cell, &mut text);
                quoted(&text, out);
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
                | Shape::Text { .. } => out.extend_from_slice(escaped(&text).as_bytes()),
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

fn quoted(text: &str, out: &mut Vec<u8>) {
    let is_plain = |byte: u8| !matches!(byte, b',' | b'"' | b'\n' | b'\r');
    if text.bytes().all(is_plain) {
        out.extend_from_slice(text.as_bytes());
        return;
    }
    out.push(b'"');
    out.extend_from_slice(text.replace('"', "\"\"").as_bytes());
    out.push(b'"');
}

fn escaped(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}
