//! A comparison together with the aligned prices it is about.

use callboard_orchestra::Payload;
use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use crate::{
    comparison::Comparison,
    frequency::{Frequency, median_gap_days},
    measure::Basis,
    panel::Panel,
    prices::{PriceBook, SlashOrder},
    refusal::{Refusal, RefusalCode, unknown_ticker},
};

/// Windows with fewer gaps than this borrow the other common dates to tell their frequency.
const FREQUENCY_GAPS_MIN: usize = 10;

/// Most prices that a job keeps, over all tickers.
const KEPT_PRICES_MAX: usize = 150_000;

/// A comparison with its prices: at least two common dates, at a known frequency. A job may keep one, so that all its
/// tasks compute on the same prices whatever becomes of their source.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Study {
    comparison: Comparison,
    panel: Panel,
    frequency: Frequency,
    /// Where the prices of each aligned ticker came from, in their order.
    sources: Vec<(String, String)>,
    rows_dropped: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    slash_order: Option<SlashOrder>,
}

impl Study {
    /// Aligns the prices of `comparison`. Refuses a ticker that `book` does not hold, a window with fewer than two common
    /// dates, and a spacing of dates that is not daily, weekly or monthly, or not the one wanted.
    pub fn open(book: &PriceBook, comparison: Comparison) -> Result<Self, Refusal> {
        let panel = Panel::align(
            book,
            &comparison.tickers,
            comparison.benchmark.as_deref(),
            comparison.window(),
        )
        .map_err(|unknown| unknown_ticker(book, "tickers", &unknown.0, &unknown.0))?;
        let aligned = comparison.aligned();
        if panel.dates().len() < 2 {
            return Err(empty_window(book, &comparison, panel.dates().len()));
        }
        let frequency = if panel.dates().len() > FREQUENCY_GAPS_MIN {
            Frequency::of(panel.dates())
        } else {
            Frequency::of(&book.common_dates(&aligned))
        };
        let frequency = frequency.ok_or_else(|| {
            let gap = median_gap_days(panel.dates()).unwrap_or_default();
            let message = format!(
                "the dates common to {} lie {gap} days apart (median); daily, weekly and monthly prices can be compared",
                aligned.join(", ")
            );
            Refusal::new(RefusalCode::UnknownFrequency, "tickers", message)
        })?;
        if let Some(wanted) = comparison.frequency.filter(|wanted| *wanted != frequency) {
            return Err(other_frequency(&aligned, wanted, frequency));
        }
        let sources = aligned
            .iter()
            .map(|ticker| ((*ticker).to_owned(), book.source_of(ticker).to_owned()))
            .collect();
        Ok(Self {
            panel,
            frequency,
            sources,
            rows_dropped: book.rows_dropped(),
            slash_order: book.slash_order(),
            comparison,
        })
    }

    /// The study that a job keeps, or the one opened on `book` for a job that keeps none. Errors in words.
    pub fn kept_or_open(
        kept: Option<&Payload>,
        book: &PriceBook,
        comparison: Comparison,
    ) -> Result<Self, String> {
        match kept {
            Some(kept) => kept
                .read()
                .map_err(|error| format!("the prices that the job keeps: {error}")),
            None => Self::open(book, comparison).map_err(|refusal| refusal.message),
        }
    }

    /// Refuses a study that is too large for a job to keep.
    pub fn refuse_if_large(&self) -> Result<(), Refusal> {
        let (dates, tickers) = (self.panel.dates().len(), self.sources.len());
        if dates * tickers <= KEPT_PRICES_MAX {
            return Ok(());
        }
        let message = format!(
            "{tickers} tickers on {dates} dates are {} prices, and one comparison takes {KEPT_PRICES_MAX}: shorten the window",
            dates * tickers
        );
        Err(Refusal::new(RefusalCode::TooManyPrices, "from", message))
    }

    pub fn comparison(&self) -> &Comparison {
        &self.comparison
    }

    pub fn into_comparison(self) -> Comparison {
        self.comparison
    }

    pub fn panel(&self) -> &Panel {
        &self.panel
    }

    pub fn frequency(&self) -> Frequency {
        self.frequency
    }

    /// Rows of the sources left out because a cell was empty.
    pub fn rows_dropped(&self) -> usize {
        self.rows_dropped
    }

    pub fn slash_order(&self) -> Option<SlashOrder> {
        self.slash_order
    }

    /// First and last common date in the window.
    pub fn span(&self) -> (NaiveDate, NaiveDate) {
        let dates = self.panel.dates();
        (dates[0], dates[dates.len() - 1])
    }

    /// What the figures of `ticker` are computed from; `None` for a ticker outside the study.
    pub fn basis(&self, ticker: &str) -> Option<Basis<'_>> {
        Some(Basis {
            dates: self.panel.dates(),
            closes: self.panel.closes(ticker)?,
            benchmark: self.panel.benchmark().map(|(_, closes)| closes),
            risk_free: self.comparison.risk_free,
            periods_per_year: self.frequency.periods_per_year(),
        })
    }

    /// Where the prices of `tickers` came from, each source once.
    pub fn sources(&self, tickers: &[&str]) -> String {
        let mut named: Vec<&str> = Vec::new();
        for (ticker, source) in &self.sources {
            if tickers.contains(&ticker.as_str()) && !named.contains(&source.as_str()) {
                named.push(source);
            }
        }
        named.join("; ")
    }

    /// What prices were used and where they came from, for facts.
    pub fn source(&self, tickers: &[&str]) -> String {
        let (first, last) = self.span();
        format!(
            "{} prices of {} from {first} to {last}: {}",
            self.frequency.name(),
            tickers.join(", "),
            self.sources(tickers)
        )
    }
}

fn other_frequency(aligned: &[&str], wanted: Frequency, found: Frequency) -> Refusal {
    Refusal::new(
        RefusalCode::UnknownFrequency,
        "query",
        format!(
            "the query speaks of {} prices, but those of {} are {}",
            wanted.name(),
            aligned.join(", "),
            found.name()
        ),
    )
}

fn empty_window(book: &PriceBook, comparison: &Comparison, found: usize) -> Refusal {
    let aligned = comparison.aligned();
    let common = book.common_dates(&aligned);
    let names = aligned.join(", ");
    let message = match (common.first(), common.last()) {
        (Some(first), Some(last)) if common.len() > 1 => format!(
            "the window {} to {} holds {found} of the dates common to {names}, and two are needed; they run from {first} to {last}",
            bound(comparison.from),
            bound(comparison.to)
        ),
        _ => {
            let ranges: Vec<String> = aligned
                .iter()
                .filter_map(|ticker| {
                    book.range(ticker)
                        .map(|(first, last)| format!("{ticker} {first} to {last}"))
                })
                .collect();
            format!(
                "{names} have {} common dates, and two are needed; the price data has {}",
                common.len(),
                ranges.join(", ")
            )
        }
    };
    Refusal::new(RefusalCode::EmptyWindow, "from", message)
}

fn bound(date: Option<NaiveDate>) -> String {
    date.map_or_else(|| "any day".to_owned(), |date| date.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::prices::Series;

    fn comparison(from: &str, to: &str) -> Comparison {
        let tickers = vec!["A".to_owned()];
        Comparison {
            tickers,
            metrics: vec![],
            from: Some(from.parse().unwrap()),
            to: Some(to.parse().unwrap()),
            frequency: None,
            risk_free: 0.0,
            benchmark: None,
        }
    }

    fn book(gap_days: usize) -> PriceBook {
        let start: NaiveDate = "2015-01-02".parse().unwrap();
        let points = start
            .iter_days()
            .step_by(gap_days)
            .take(40)
            .zip(1..)
            .map(|(date, n)| (date, f64::from(n)))
            .collect();
        PriceBook::new("test", [Series::new("A", points).unwrap()])
    }

    #[test]
    fn a_short_window_takes_its_frequency_from_the_whole_series() {
        let study = Study::open(&book(7), comparison("2015-01-02", "2015-01-09")).unwrap();
        assert_eq!(study.frequency(), Frequency::Weekly);
        assert_eq!(study.basis("A").unwrap().closes, [1.0, 2.0]);
        assert!(study.basis("B").is_none());
    }

    #[test]
    fn quarterly_prices_are_refused_with_their_spacing() {
        let refusal = Study::open(&book(91), comparison("2015-01-02", "2020-01-01")).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::UnknownFrequency);
        assert!(refusal.message.contains("91 days apart"), "{refusal}");
    }
}
