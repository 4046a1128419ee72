//! The price data that ships with the program; `data/README.md` says whose it is.

use super::{book::PriceBook, reader::read_csv};

const STOCKS_MONTHLY: &str = include_str!("../../data/vega_stocks_monthly_2000_2010.csv");
const SOURCE: &str = "vega_datasets stocks, monthly 2000-2010 (embedded)";

/// Monthly prices of AAPL, AMZN, GOOG, IBM and MSFT, January 2000 to March 2010.
pub fn embedded() -> PriceBook {
    read_csv(STOCKS_MONTHLY.as_bytes(), SOURCE).expect("a test reads the same embedded file")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_embedded_data_holds_five_tickers_to_march_2010() {
        let book = embedded();
        assert_eq!(
            book.tickers().collect::<Vec<_>>(),
            ["AAPL", "AMZN", "GOOG", "IBM", "MSFT"]
        );
        let (first, last) = book.range("MSFT").unwrap();
        assert_eq!(
            (first.to_string(), last.to_string()),
            ("2000-01-01".into(), "2010-03-01".into())
        );
        assert_eq!(book.range("GOOG").unwrap().0.to_string(), "2004-08-01");
        assert_eq!(book.series("AAPL").unwrap().closes().last(), Some(&223.02));
    }
}
