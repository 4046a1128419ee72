//! The closes of several tickers on the dates they have in common.

use std::ops::Range;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::prices::PriceBook;

/// Closes of every ticker, and of the benchmark if there is one, on the same dates within a window.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Panel {
    dates: Vec<NaiveDate>,
    tickers: Vec<String>,
    closes: Vec<Vec<f64>>,
    benchmark: Option<(String, Vec<f64>)>,
}

/// A ticker that the price book does not hold.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the price data holds no ticker {0}")]
pub struct NoSuchTicker(pub String);

impl Panel {
    /// Aligns on the dates common to `tickers` and `benchmark`, within `first..=last`.
    pub fn align(
        book: &PriceBook,
        tickers: &[String],
        benchmark: Option<&str>,
        (first, last): (NaiveDate, NaiveDate),
    ) -> Result<Self, NoSuchTicker> {
        let names: Vec<&str> = tickers
            .iter()
            .map(String::as_str)
            .chain(benchmark)
            .collect();
        if let Some(unknown) = names.iter().find(|name| book.series(name).is_none()) {
            return Err(NoSuchTicker((*unknown).to_owned()));
        }
        let common = book.common_dates(&names);
        let dates = common[within(&common, first, last)].to_vec();
        let closes = |ticker: &str| -> Vec<f64> {
            let series = book.series(ticker).expect("looked up above");
            dates
                .iter()
                .map(|date| series.close_on(*date).expect("the date is common to all"))
                .collect()
        };
        Ok(Self {
            tickers: tickers.to_vec(),
            closes: tickers.iter().map(|ticker| closes(ticker)).collect(),
            benchmark: benchmark.map(|ticker| (ticker.to_owned(), closes(ticker))),
            dates,
        })
    }

    pub fn dates(&self) -> &[NaiveDate] {
        &self.dates
    }

    pub fn tickers(&self) -> &[String] {
        &self.tickers
    }

    /// Closes of an asked ticker or of the benchmark.
    pub fn closes(&self, ticker: &str) -> Option<&[f64]> {
        if let Some(at) = self.tickers.iter().position(|known| known == ticker) {
            return Some(&self.closes[at]);
        }
        self.benchmark
            .as_ref()
            .filter(|(name, _)| name == ticker)
            .map(|(_, closes)| closes.as_slice())
    }

    pub fn benchmark(&self) -> Option<(&str, &[f64])> {
        self.benchmark
            .as_ref()
            .map(|(name, closes)| (name.as_str(), closes.as_slice()))
    }
}

/// The positions of `dates`, ascending, that lie in `first..=last`.
pub fn within(dates: &[NaiveDate], first: NaiveDate, last: NaiveDate) -> Range<usize> {
    let start = dates.partition_point(|date| *date < first);
    let end = dates.partition_point(|date| *date <= last);
    start..end.max(start)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Series;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2015, 1, d).unwrap()
    }

    fn book() -> PriceBook {
        let series = |ticker: &str, days: &[u32]| {
            Series::new(
                ticker,
                days.iter().map(|d| (day(*d), f64::from(*d))).collect(),
            )
            .unwrap()
        };
        PriceBook::new(
            "test",
            [
                series("A", &[1, 2, 3, 5, 6]),
                series("B", &[2, 3, 4, 5, 6]),
                series("X", &[1, 3, 5, 6]),
            ],
        )
    }

    #[test]
    fn the_benchmark_takes_part_in_the_alignment() {
        let tickers = ["A".to_owned(), "B".to_owned()];
        let panel = Panel::align(&book(), &tickers, Some("X"), (day(1), day(5))).unwrap();
        assert_eq!(panel.dates(), [day(3), day(5)]);
        assert_eq!(panel.closes("B"), Some(&[3.0, 5.0][..]));
        assert_eq!(panel.benchmark(), Some(("X", &[3.0, 5.0][..])));
        assert_eq!(panel.closes("C"), None);
    }

    #[test]
    fn a_window_turned_round_is_empty() {
        let panel = Panel::align(&book(), &["A".to_owned()], None, (day(5), day(2))).unwrap();
        assert!(panel.dates().is_empty());
    }

    #[test]
    fn an_unknown_ticker_is_named() {
        let error = Panel::align(
            &book(),
            &["A".to_owned(), "Q".to_owned()],
            None,
            (day(1), day(5)),
        );
        assert_eq!(error, Err(NoSuchTicker("Q".to_owned())));
    }
}
