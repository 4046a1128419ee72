//! Why a request is not accepted, in words that help.

use std::fmt;

use crate::prices::PriceBook;

/// Tickers listed in a message.
const LISTED_MAX: usize = 20;

/// Stable reasons, for programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RefusalCode {
    /// Neither or both of `query` and `tickers`, or a field of the wrong shape.
    InvalidInput,
    NotUnderstood,
    NoTicker,
    UnknownTicker,
    TooManyTickers,
    UnknownBenchmark,
    BenchmarkRequired,
    InvalidDate,
    FromAfterTo,
    EmptyWindow,
    UnknownFrequency,
    InvalidRiskFree,
    StatedTwice,
    TooLong,
    TooManyPrices,
}

impl RefusalCode {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::InvalidInput => "invalid_input",
            Self::NotUnderstood => "not_understood",
            Self::NoTicker => "no_ticker",
            Self::UnknownTicker => "unknown_ticker",
            Self::TooManyTickers => "too_many_tickers",
            Self::UnknownBenchmark => "unknown_benchmark",
            Self::BenchmarkRequired => "benchmark_required",
            Self::InvalidDate => "invalid_date",
            Self::FromAfterTo => "from_after_to",
            Self::EmptyWindow => "empty_window",
            Self::UnknownFrequency => "unknown_frequency",
            Self::InvalidRiskFree => "invalid_risk_free",
            Self::StatedTwice => "stated_twice",
            Self::TooLong => "too_long",
            Self::TooManyPrices => "too_many_prices",
        }
    }
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A request that is not accepted.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: RefusalCode,
    /// The field at fault: `tickers[1]`.
    pub field: Option<String>,
    /// One or two sentences that say what to do instead.
    pub message: String,
}

impl Refusal {
    pub fn new(code: RefusalCode, field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            code,
            field: Some(field.into()),
            message: message.into(),
        }
    }
}

/// The tickers of `book`, for messages.
pub fn known_tickers(book: &PriceBook) -> String {
    let all: Vec<&str> = book.tickers().collect();
    let held = match all.len().checked_sub(LISTED_MAX) {
        Some(more) if more > 0 => format!("{} and {more} more", all[..LISTED_MAX].join(", ")),
        _ => all.join(", "),
    };
    match (book.is_open(), all.is_empty()) {
        (false, _) => held,
        (true, true) => "what the price provider has: write tickers in capitals".to_owned(),
        (true, false) => {
            format!("{held}, and what the price provider has: write tickers in capitals")
        }
    }
}

/// Refuses a ticker that `book` does not hold; `shown` is how the request named it.
pub fn unknown_ticker(book: &PriceBook, field: &str, shown: &str, ticker: &str) -> Refusal {
    Refusal::new(
        RefusalCode::UnknownTicker,
        field,
        format!("unknown ticker {shown}{}", instead(book, ticker)),
    )
}

pub fn unknown_benchmark(book: &PriceBook, field: &str, ticker: &str) -> Refusal {
    Refusal::new(
        RefusalCode::UnknownBenchmark,
        field,
        format!("unknown benchmark {ticker}{}", instead(book, ticker)),
    )
}

fn instead(book: &PriceBook, ticker: &str) -> String {
    let near: Vec<String> = book
        .near(ticker)
        .into_iter()
        .map(|near| match book.range(near) {
            Some((first, last)) => format!("{near} ({first} to {last})"),
            None => near.to_owned(),
        })
        .collect();
    let hint = if near.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", near.join(" or "))
    };
    let mut ranges = book.tickers().filter_map(|ticker| book.range(ticker));
    let span = ranges
        .next()
        .map(|first| ranges.fold(first, |all, one| (all.0.min(one.0), all.1.max(one.1))));
    let span = span.map_or(String::new(), |(first, last)| {
        format!(", between {first} and {last}")
    });
    format!(
        "{hint}{} the price data has {}{span}",
        if hint.is_empty() { ";" } else { "" },
        known_tickers(book)
    )
    .replace("? the", "? The")
}
