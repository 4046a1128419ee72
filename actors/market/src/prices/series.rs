//! The closes of one ticker in order of time.

use std::sync::Arc;

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

/// Closes of one ticker: dates strictly ascending, one positive finite close a date.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Series {
    ticker: String,
    /// Where the closes came from, where that differs from the rest of the book.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    source: Option<Arc<str>>,
    dates: Vec<NaiveDate>,
    closes: Vec<f64>,
}

impl Series {
    /// Takes points in any order. Errors with the first date that occurs twice.
    pub fn new(
        ticker: impl Into<String>,
        mut points: Vec<(NaiveDate, f64)>,
    ) -> Result<Self, NaiveDate> {
        debug_assert!(
            points
                .iter()
                .all(|(_, close)| close.is_finite() && *close > 0.0)
        );
        points.sort_by_key(|(date, _)| *date);
        if let Some(twice) = points.windows(2).find(|pair| pair[0].0 == pair[1].0) {
            return Err(twice[0].0);
        }
        let (dates, closes) = points.into_iter().unzip();
        Ok(Self {
            ticker: ticker.into(),
            source: None,
            dates,
            closes,
        })
    }

    pub fn from_source(self, source: impl Into<Arc<str>>) -> Self {
        Self {
            source: Some(source.into()),
            ..self
        }
    }

    pub fn ticker(&self) -> &str {
        &self.ticker
    }

    /// Where the closes came from, where that differs from the rest of the book.
    pub fn source(&self) -> Option<&str> {
        self.source.as_deref()
    }

    pub fn dates(&self) -> &[NaiveDate] {
        &self.dates
    }

    pub fn closes(&self) -> &[f64] {
        &self.closes
    }

    /// First and last date; `None` when empty.
    pub fn range(&self) -> Option<(NaiveDate, NaiveDate)> {
        Some((*self.dates.first()?, *self.dates.last()?))
    }

    /// The close on `date`, if there is one.
    pub fn close_on(&self, date: NaiveDate) -> Option<f64> {
        self.dates
            .binary_search(&date)
            .ok()
            .map(|at| self.closes[at])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn day(d: u32) -> NaiveDate {
        NaiveDate::from_ymd_opt(2015, 1, d).unwrap()
    }

    #[test]
    fn points_out_of_order_are_sorted() {
        let series = Series::new("A", vec![(day(3), 3.0), (day(1), 1.0), (day(2), 2.0)]).unwrap();
        assert_eq!(series.closes(), [1.0, 2.0, 3.0]);
        assert_eq!(series.range(), Some((day(1), day(3))));
        assert_eq!(series.close_on(day(2)), Some(2.0));
        assert_eq!(series.close_on(day(9)), None);
    }

    #[test]
    fn a_date_that_occurs_twice_is_an_error() {
        assert_eq!(
            Series::new("A", vec![(day(3), 3.0), (day(1), 1.0), (day(3), 2.0)]),
            Err(day(3))
        );
    }
}
