//! Why a price file cannot be read.

use chrono::NaiveDate;

/// What is wrong with a price file, with the line where it is; line 1 is the header.
#[derive(Debug, thiserror::Error)]
pub enum PriceError {
    #[error("cannot read {name}")]
    Read {
        name: String,
        source: std::io::Error,
    },
    #[error("{name} is larger than {bytes_max} bytes")]
    TooLarge { name: String, bytes_max: u64 },
    #[error("{name} holds more than {rows_max} prices")]
    TooManyPrices { name: String, rows_max: usize },
    #[error("{name} is empty: a header line and rows of prices are needed")]
    Empty { name: String },
    #[error("{name} has no row without an empty cell ({dropped} dropped)")]
    NoCompleteRow { name: String, dropped: usize },
    #[error("{name}, line 1: no date column; the header has {header}")]
    NoDateColumn { name: String, header: String },
    #[error(
        "{name}, line 1: no price column (adj_close, close or price, or one column a ticker); the header has {header}"
    )]
    NoPriceColumn { name: String, header: String },
    #[error("{name}, line 1: column {column} has no name")]
    UnnamedColumn { name: String, column: usize },
    #[error("{name}, line {line}: a ticker has at most {bytes_max} bytes")]
    LongTicker {
        name: String,
        line: u64,
        bytes_max: usize,
    },
    #[error("{name}, line 1: column `{column}` occurs twice")]
    DuplicateColumn { name: String, column: String },
    #[error("{name}, line {line}: not valid CSV in UTF-8")]
    BadRecord {
        name: String,
        line: u64,
        source: csv::Error,
    },
    #[error("{name}, line {line}: {found} cells where the header has {expected}")]
    Ragged {
        name: String,
        line: u64,
        found: usize,
        expected: usize,
    },
    #[error("{name}, line {line}: `{text}` is not a date; write it as 2015-01-31")]
    BadDate {
        name: String,
        line: u64,
        text: String,
    },
    #[error(
        "{name}, line {line}: `{text}` is {month_first} or {day_first}, and no date of the file tells which; write it as 2015-01-31"
    )]
    AmbiguousDate {
        name: String,
        line: u64,
        text: String,
        month_first: NaiveDate,
        day_first: NaiveDate,
    },
    #[error(
        "{name}, line {line}: `{text}` is a date only {order}, and `{other_text}` on line {other_line} only {other_order}; write dates as 2015-01-31"
    )]
    MixedDates {
        name: String,
        line: u64,
        text: String,
        order: &'static str,
        other_line: u64,
        other_text: String,
        other_order: &'static str,
    },
    #[error("{name}, line {line}: `{text}` in column {column} is not a number")]
    BadNumber {
        name: String,
        line: u64,
        column: String,
        text: String,
    },
    #[error("{name}, line {line}: price {text} of {ticker} is not positive")]
    NotPositive {
        name: String,
        line: u64,
        ticker: String,
        text: String,
    },
    #[error("{name}, line {line}: volume {text} of {ticker} is negative")]
    NegativeVolume {
        name: String,
        line: u64,
        ticker: String,
        text: String,
    },
    #[error(
        "{name}, line {line}: {ticker} has a second price for {date} (the first is on line {first_line})"
    )]
    DuplicateDate {
        name: String,
        line: u64,
        first_line: u64,
        ticker: String,
        date: NaiveDate,
    },
}
