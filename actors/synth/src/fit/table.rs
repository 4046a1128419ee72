//! A sample as text: a header and cells.

use crate::{
    profile::{COLUMNS_MAX, NAME_CHARS_MAX},
    refusal::{Refusal, RefusalCode},
};

/// Of one sample. The plan of a job carries it, and what a task delivers is bounded at 4 MiB.
pub const CSV_BYTES_MAX: usize = 3 * 1024 * 1024;
/// Fewer rows say nothing of a distribution without showing records.
pub const SAMPLE_ROWS_MIN: usize = 20;
/// What stands for an empty cell, beside nothing.
const MISSING: [&str; 5] = ["NA", "N/A", "NaN", "null", "NULL"];

/// Cells by column; an absent cell is empty.
#[derive(Debug)]
pub struct Table {
    pub names: Vec<String>,
    pub rows: usize,
    records: Vec<csv::StringRecord>,
}

impl Table {
    /// Reads comma-separated values with a header. Refuses, naming `csv`, what is none or is too small or too large.
    pub fn read(text: &str) -> Result<Self, Refusal> {
        if text.len() > CSV_BYTES_MAX {
            return refuse(format!(
                "csv must not exceed {CSV_BYTES_MAX} bytes, and has {}",
                text.len()
            ));
        }
        let mut reader = csv::Reader::from_reader(text.trim_start_matches('\u{feff}').as_bytes());
        let names: Vec<String> = match reader.headers() {
            Ok(header) => header.iter().map(|name| name.trim().to_owned()).collect(),
            Err(error) => return refuse(format!("csv cannot be read: {error}")),
        };
        if names.is_empty() || names.len() > COLUMNS_MAX {
            return refuse(format!(
                "csv must have between 1 and {COLUMNS_MAX} columns, not {}",
                names.len()
            ));
        }
        if let Some(nameless) = names.iter().position(String::is_empty) {
            return refuse(format!("column {} of csv has no name", nameless + 1));
        }
        let is_long = |name: &String| name.chars().count() > NAME_CHARS_MAX;
        if let Some(long) = names.iter().position(is_long) {
            return refuse(format!(
                "the name of column {} of csv exceeds {NAME_CHARS_MAX} characters",
                long + 1
            ));
        }
        for (index, name) in names.iter().enumerate() {
            if names[..index].contains(name) {
                return refuse(format!("csv has two columns named {name:?}"));
            }
        }
        let records: Result<Vec<csv::StringRecord>, csv::Error> = reader.records().collect();
        let records = match records {
            Ok(records) => records,
            Err(error) => return refuse(format!("csv cannot be read: {error}")),
        };
        if records.len() < SAMPLE_ROWS_MIN {
            return refuse(format!(
                "csv must have at least {SAMPLE_ROWS_MIN} rows beside its header, not {}",
                records.len()
            ));
        }
        Ok(Self {
            names,
            rows: records.len(),
            records,
        })
    }

    /// The cells of a column.
    pub fn cells(&self, column: usize) -> impl Iterator<Item = Option<&str>> {
        self.records.iter().map(move |record| {
            let cell = record.get(column).map(str::trim)?;
            (!cell.is_empty() && !MISSING.contains(&cell)).then_some(cell)
        })
    }
}

fn refuse<T>(message: String) -> Result<T, Refusal> {
    Err(Refusal::new(RefusalCode::InvalidSample, "csv", message))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refused(text: &str) -> String {
        let refusal = Table::read(text).unwrap_err();
        assert_eq!(refusal.field, "csv");
        refusal.message
    }

    #[test]
    fn what_is_no_table_is_refused_with_the_reason() {
        assert!(refused("").contains("columns") || refused("").contains("no name"));
        assert!(refused("a,b\n1,2\n").contains("at least 20 rows"));
        assert!(refused("a,a\n").contains("two columns"));
        assert!(refused("a,\n").contains("column 2"));
        assert!(refused(&format!("a,{}\n", "b".repeat(129))).contains("column 2"));
        assert!(refused(&format!("a,b\n1\n{}", "1,2\n".repeat(30))).contains("cannot be read"));
        assert!(refused(&"x".repeat(CSV_BYTES_MAX + 1)).contains("bytes"));
    }

    #[test]
    fn quoted_cells_are_whole_and_empty_ones_absent() {
        let text = format!("a,b\n\"x, y\",\nNA, 7 \n{}", "z,1\n".repeat(30));
        let table = Table::read(&text).unwrap();
        let head = |column| table.cells(column).take(2).collect::<Vec<_>>();
        assert_eq!(head(0), [Some("x, y"), None]);
        assert_eq!(head(1), [None, Some("7")]);
    }
}
