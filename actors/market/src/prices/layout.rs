//! Which column of a price file is what, from its header alone.

use std::collections::BTreeSet;

use super::error::PriceError;

const DATE_COLUMNS: [&str; 5] = ["date", "datetime", "timestamp", "time", "day"];
const TICKER_COLUMNS: [&str; 4] = ["symbol", "ticker", "asset", "name"];
/// Prices adjusted for splits and dividends, which are preferred; of several the first.
pub const ADJUSTED_COLUMNS: [&str; 5] = [
    "adj_close",
    "adjclose",
    "adjusted_close",
    "adjusted",
    "close_adj",
];
pub const UNADJUSTED_COLUMNS: [&str; 4] = ["close", "close_last", "price", "last"];
/// Columns that mark a file as one of bars even when its price column is missing.
const BAR_COLUMNS: [&str; 4] = ["open", "high", "low", "volume"];

/// The shape of a price file; numbers are column indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Layout {
    /// One row a ticker and date.
    Long {
        date: usize,
        ticker: usize,
        price: usize,
    },
    /// One row a date, one column a ticker.
    Wide {
        date: usize,
        tickers: Vec<(usize, String)>,
    },
    /// One row a date, a single ticker that the file does not name.
    Single { date: usize, price: usize },
}

impl Layout {
    pub fn of(header: &[&str], name: &str) -> Result<Self, PriceError> {
        let first_of = |wanted: &[&str]| position(header, wanted);
        let listed = || header.join(", ");

        // A frame written with its index has an unnamed first column, which holds the dates.
        let unnamed_first = header
            .first()
            .filter(|first| key(first).is_empty())
            .map(|_| 0);
        let date =
            first_of(&DATE_COLUMNS)
                .or(unnamed_first)
                .ok_or_else(|| PriceError::NoDateColumn {
                    name: name.to_owned(),
                    header: listed(),
                })?;
        let no_price = || PriceError::NoPriceColumn {
            name: name.to_owned(),
            header: listed(),
        };
        let price = first_of(&ADJUSTED_COLUMNS).or_else(|| first_of(&UNADJUSTED_COLUMNS));
        if let Some(ticker) = first_of(&TICKER_COLUMNS) {
            return Ok(Self::Long {
                date,
                ticker,
                price: price.ok_or_else(no_price)?,
            });
        }
        if let Some(price) = price {
            return Ok(Self::Single { date, price });
        }
        if first_of(&BAR_COLUMNS).is_some() || header.len() < 2 {
            return Err(no_price());
        }
        Self::wide(header, date, name)
    }

    fn wide(header: &[&str], date: usize, name: &str) -> Result<Self, PriceError> {
        let mut seen = BTreeSet::new();
        let mut tickers = Vec::with_capacity(header.len() - 1);
        for (column, cell) in header
            .iter()
            .enumerate()
            .filter(|(column, _)| *column != date)
        {
            if cell.is_empty() {
                return Err(PriceError::UnnamedColumn {
                    name: name.to_owned(),
                    column: column + 1,
                });
            }
            if !seen.insert(*cell) {
                return Err(PriceError::DuplicateColumn {
                    name: name.to_owned(),
                    column: (*cell).to_owned(),
                });
            }
            tickers.push((column, (*cell).to_owned()));
        }
        Ok(Self::Wide { date, tickers })
    }
}

/// The column of the first of the `wanted` names that the header has.
pub fn position(header: &[&str], wanted: &[&str]) -> Option<usize> {
    let keys: Vec<String> = header.iter().map(|cell| key(cell)).collect();
    let mut found = wanted
        .iter()
        .filter_map(|want| keys.iter().position(|key| key == want));
    found.next()
}

/// `Adj. Close*` and `adj_close` are one column: case, spaces, hyphens and marks do not tell columns apart.
fn key(cell: &str) -> String {
    let words: Vec<String> = cell
        .split(|c: char| !c.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .map(str::to_lowercase)
        .collect();
    words.join("_")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(header: &str) -> Result<Layout, PriceError> {
        Layout::of(&header.split(',').collect::<Vec<_>>(), "test.csv")
    }

    #[test]
    fn a_ticker_column_makes_a_file_long_and_the_adjusted_close_wins() {
        assert_eq!(
            layout("symbol,date,price").unwrap(),
            Layout::Long {
                date: 1,
                ticker: 0,
                price: 2
            }
        );
        assert_eq!(
            layout("Date,Ticker,Open,High,Low,Close,Adj Close,Volume").unwrap(),
            Layout::Long {
                date: 0,
                ticker: 1,
                price: 6
            }
        );
    }

    #[test]
    fn bars_without_a_ticker_column_are_a_single_series() {
        assert_eq!(
            layout("date,open,high,low,close,volume").unwrap(),
            Layout::Single { date: 0, price: 4 }
        );
    }

    #[test]
    fn any_other_columns_are_tickers() {
        let tickers = vec![(1, "AAPL".to_owned()), (2, "S&P 500".to_owned())];
        assert_eq!(
            layout("DATE,AAPL,S&P 500").unwrap(),
            Layout::Wide {
                date: 0,
                tickers: tickers.clone()
            }
        );
        assert_eq!(
            layout(",AAPL,S&P 500").unwrap(),
            Layout::Wide { date: 0, tickers }
        );
    }

    #[test]
    fn headers_without_a_date_or_a_price_are_refused() {
        assert!(matches!(
            layout("symbol,price"),
            Err(PriceError::NoDateColumn { .. })
        ));
        assert!(matches!(
            layout("symbol,date,volume"),
            Err(PriceError::NoPriceColumn { .. })
        ));
        assert!(matches!(
            layout("date,open,high"),
            Err(PriceError::NoPriceColumn { .. })
        ));
        assert!(matches!(
            layout("date"),
            Err(PriceError::NoPriceColumn { .. })
        ));
        assert!(matches!(
            layout("date,A,A"),
            Err(PriceError::DuplicateColumn { .. })
        ));
        assert!(matches!(
            layout("date,A,"),
            Err(PriceError::UnnamedColumn { column: 3, .. })
        ));
    }
}
