//! One period of one ticker as a price file states it.

use std::sync::Arc;

use chrono::NaiveDate;

use super::layout::{ADJUSTED_COLUMNS, Layout, UNADJUSTED_COLUMNS, position};

/// What a file says of a ticker on a date; only the close is always there.
#[derive(Debug, Clone, PartialEq)]
pub struct Bar {
    pub ticker: Arc<str>,
    pub date: NaiveDate,
    pub open: Option<f64>,
    pub high: Option<f64>,
    pub low: Option<f64>,
    pub close: f64,
    /// `None` when the file has no column for it.
    pub adjusted_close: Option<f64>,
    pub volume: Option<f64>,
}

/// Which columns of a file with one price a row hold the parts of a bar.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct BarColumns {
    pub open: Option<usize>,
    pub high: Option<usize>,
    pub low: Option<usize>,
    /// Beside the price of the layout, when that is an adjusted one.
    pub close: Option<usize>,
    pub is_adjusted: bool,
    pub volume: Option<usize>,
}

impl BarColumns {
    pub fn of(header: &[&str], layout: &Layout) -> Self {
        let price = match layout {
            Layout::Long { price, .. } | Layout::Single { price, .. } => *price,
            Layout::Wide { .. } => return Self::default(),
        };
        let is_adjusted = position(header, &ADJUSTED_COLUMNS) == Some(price);
        Self {
            open: position(header, &["open"]),
            high: position(header, &["high"]),
            low: position(header, &["low"]),
            close: position(header, &UNADJUSTED_COLUMNS).filter(|_| is_adjusted),
            is_adjusted,
            volume: position(header, &["volume", "vol"]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn columns(header: &str) -> BarColumns {
        let header: Vec<&str> = header.split(',').collect();
        BarColumns::of(&header, &Layout::of(&header, "test.csv").unwrap())
    }

    #[test]
    fn an_adjusted_price_has_the_plain_close_beside_it() {
        assert_eq!(
            columns("Date,Ticker,Open,High,Low,Close,Adj Close,Volume"),
            BarColumns {
                open: Some(2),
                high: Some(3),
                low: Some(4),
                close: Some(5),
                is_adjusted: true,
                volume: Some(7)
            }
        );
        let plain = columns("date,close");
        assert!(!plain.is_adjusted && plain.close.is_none());
        assert_eq!(columns("date,AAPL,SPX"), BarColumns::default());
    }
}
