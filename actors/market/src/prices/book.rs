//! All price series of one source, shared immutably by every role.

use std::collections::BTreeMap;

use chrono::NaiveDate;

use super::{date::SlashOrder, provider::is_ticker, series::Series};

/// Tickers suggested for one that is not known.
const NEAR_MAX: usize = 3;
/// Jaro-Winkler similarity from which a ticker counts as near.
const NEAR_SIMILARITY_MIN: f64 = 0.8;

/// The series of one source, by ticker.
#[derive(Debug, Clone)]
pub struct PriceBook {
    source: String,
    series: BTreeMap<String, Series>,
    rows_dropped: usize,
    slash_order: Option<SlashOrder>,
    is_open: bool,
}

impl PriceBook {
    /// `source` names the data in facts; of two series with one ticker the last is kept.
    pub fn new(source: impl Into<String>, series: impl IntoIterator<Item = Series>) -> Self {
        let series = series
            .into_iter()
            .map(|series| (series.ticker().to_owned(), series))
            .collect();
        Self {
            source: source.into(),
            series,
            rows_dropped: 0,
            slash_order: None,
            is_open: false,
        }
    }

    /// Other tickers than those held can be had from a provider.
    pub fn open(self) -> Self {
        Self {
            is_open: true,
            ..self
        }
    }

    pub fn with_rows_dropped(mut self, rows: usize) -> Self {
        self.rows_dropped = rows;
        self
    }

    pub fn with_slash_order(mut self, order: Option<SlashOrder>) -> Self {
        self.slash_order = order;
        self
    }

    /// What the prices are, in words.
    pub fn source(&self) -> &str {
        &self.source
    }

    /// Where the closes of a ticker came from, in words.
    pub fn source_of(&self, ticker: &str) -> &str {
        let series = self.series(ticker);
        series.and_then(Series::source).unwrap_or(&self.source)
    }

    pub fn is_open(&self) -> bool {
        self.is_open
    }

    /// What a provider is to be asked for when a request names `text`, a ticker that the book does not hold: in capitals
    /// unless it has some. `None` when there is no provider, or `text` cannot be a ticker.
    pub fn asked_elsewhere(&self, text: &str) -> Option<String> {
        let wanted = if text.chars().any(char::is_uppercase) {
            text.to_owned()
        } else {
            text.to_uppercase()
        };
        (self.is_open && is_ticker(&wanted)).then_some(wanted)
    }

    /// Rows left out because a cell was empty.
    pub fn rows_dropped(&self) -> usize {
        self.rows_dropped
    }

    /// How dates such as `31/01/2015` were read; `None` when no date depends on it.
    pub fn slash_order(&self) -> Option<SlashOrder> {
        self.slash_order
    }

    /// Every ticker, in alphabetical order.
    pub fn tickers(&self) -> impl Iterator<Item = &str> {
        self.series.keys().map(String::as_str)
    }

    pub fn series(&self, ticker: &str) -> Option<&Series> {
        self.series.get(ticker)
    }

    /// First and last date of a ticker.
    pub fn range(&self, ticker: &str) -> Option<(NaiveDate, NaiveDate)> {
        self.series(ticker)?.range()
    }

    /// The ticker as the book spells it: exact first, else the only one that differs in case alone.
    pub fn spelled(&self, text: &str) -> Option<&str> {
        if let Some((ticker, _)) = self.series.get_key_value(text) {
            return Some(ticker);
        }
        let lower = text.to_lowercase();
        let mut alike = self
            .tickers()
            .filter(|ticker| ticker.to_lowercase() == lower);
        alike.next().filter(|_| alike.next().is_none())
    }

    /// Tickers that resemble `text`, the nearest first.
    pub fn near(&self, text: &str) -> Vec<&str> {
        let wanted = text.to_uppercase();
        let mut scored: Vec<(f64, &str)> = self
            .tickers()
            .map(|ticker| {
                (
                    strsim::jaro_winkler(&wanted, &ticker.to_uppercase()),
                    ticker,
                )
            })
            .filter(|(score, _)| *score >= NEAR_SIMILARITY_MIN)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0));
        scored
            .into_iter()
            .take(NEAR_MAX)
            .map(|(_, ticker)| ticker)
            .collect()
    }

    /// Dates on which every one of `tickers` has a close, ascending; empty when one of them is unknown.
    pub fn common_dates(&self, tickers: &[&str]) -> Vec<NaiveDate> {
        let mut all = Vec::with_capacity(tickers.len());
        for ticker in tickers {
            match self.series(ticker) {
                Some(series) => all.push(series),
                None => return Vec::new(),
            }
        }
        let Some(shortest) = all.iter().min_by_key(|series| series.dates().len()) else {
            return Vec::new();
        };
        let mut common = shortest.dates().to_vec();
        for series in &all {
            let mut rest = series.dates().iter().peekable();
            common.retain(|date| {
                while rest.next_if(|other| *other < date).is_some() {}
                rest.peek() == Some(&date)
            });
        }
        common
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2015, 1, d).unwrap()
    }

    fn series(ticker: &str, days: &[u32]) -> Series {
        Series::new(
            ticker,
            days.iter().map(|d| (day(*d), f64::from(*d))).collect(),
        )
        .unwrap()
    }

    fn book() -> PriceBook {
        PriceBook::new(
            "test",
            [
                series("AAPL", &[1, 2, 3, 5]),
                series("GOOGL", &[2, 3, 4, 5]),
                series("MSFT", &[3, 5, 6]),
            ],
        )
    }

    #[test]
    fn a_ticker_is_found_whatever_its_case() {
        assert_eq!(book().spelled("aapl"), Some("AAPL"));
        assert_eq!(book().spelled("TSLA"), None);
    }

    #[test]
    fn two_tickers_that_differ_in_case_are_told_apart_only_exactly() {
        let book = PriceBook::new("test", [series("Ab", &[1]), series("AB", &[1])]);
        assert_eq!(book.spelled("Ab"), Some("Ab"));
        assert_eq!(book.spelled("ab"), None);
    }

    #[test]
    fn a_mistyped_ticker_finds_its_neighbours() {
        assert_eq!(book().near("GOOG"), ["GOOGL"]);
        assert_eq!(book().near("APPL"), ["AAPL"]);
        assert!(book().near("XYZ").is_empty());
    }

    #[test]
    fn common_dates_are_those_of_every_ticker() {
        assert_eq!(
            book().common_dates(&["AAPL", "GOOGL"]),
            [day(2), day(3), day(5)]
        );
        assert_eq!(
            book().common_dates(&["AAPL", "GOOGL", "MSFT"]),
            [day(3), day(5)]
        );
        assert!(book().common_dates(&["AAPL", "NONE"]).is_empty());
        assert!(book().common_dates(&[]).is_empty());
    }
}
