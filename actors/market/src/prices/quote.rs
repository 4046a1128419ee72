//! The prices of one ticker as a job keeps them.

use chrono::NaiveDate;
use serde::{Deserialize, Serialize};

use super::{
    date::SlashOrder,
    provider::{PriceRequest, PriceText},
    reader::read_csv_of,
    series::Series,
};

/// A window with fewer dates than this keeps the dates around it, which tell how far apart prices lie.
const WINDOW_DATES_MIN: usize = 30;
/// Most dates of one ticker in a job: a century of days.
const DATES_MAX: usize = 40_000;

/// What a provider said of one ticker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Quote {
    pub series: Series,
    pub rows_dropped: usize,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub slash_order: Option<SlashOrder>,
}

impl Quote {
    /// Reads the answer to a request. Errors in words when it is no price file, or holds other tickers.
    pub fn read(request: &PriceRequest, text: &PriceText) -> Result<Self, String> {
        let ticker = &request.ticker;
        let name = format!("the answer for {ticker}");
        let book = read_csv_of(&*text.csv, &name, ticker).map_err(|error| error.to_string())?;
        let spelled = book.spelled(ticker).ok_or_else(|| {
            let held: Vec<&str> = book.tickers().take(3).collect();
            format!("{name} holds prices of {} instead", held.join(", "))
        })?;
        let series = book
            .series(spelled)
            .expect("a ticker as the book spells it");
        let points = window(series, request);
        if points.len() > DATES_MAX {
            return Err(format!(
                "{name} has {} dates, more than {DATES_MAX}",
                points.len()
            ));
        }
        let series = Series::new(ticker.as_str(), points);
        Ok(Self {
            series: series
                .expect("the dates of a series differ")
                .from_source(text.source.as_str()),
            rows_dropped: book.rows_dropped(),
            slash_order: book.slash_order(),
        })
    }
}

fn window(series: &Series, request: &PriceRequest) -> Vec<(NaiveDate, f64)> {
    let points = || {
        let dates = series.dates().iter().copied();
        dates.zip(series.closes().iter().copied())
    };
    let (first, last) = (
        request.from.unwrap_or(NaiveDate::MIN),
        request.to.unwrap_or(NaiveDate::MAX),
    );
    let inside: Vec<_> = points()
        .filter(|(date, _)| (first..=last).contains(date))
        .collect();
    if inside.len() < WINDOW_DATES_MIN {
        points().collect()
    } else {
        inside
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(csv: &str, from: Option<&str>) -> Result<Quote, String> {
        let request = PriceRequest {
            ticker: "BRK.B".to_owned(),
            from: from.map(|from| from.parse().unwrap()),
            to: None,
        };
        let text = PriceText {
            csv: csv.as_bytes().into(),
            source: "a test".to_owned(),
        };
        Quote::read(&request, &text)
    }

    fn days(count: usize) -> String {
        let start: NaiveDate = "2015-01-01".parse().unwrap();
        let rows = start
            .iter_days()
            .take(count)
            .map(|day| format!("{day},1\n"));
        format!("date,close\n{}", rows.collect::<String>())
    }

    #[test]
    fn a_file_that_names_no_ticker_is_of_the_one_asked_for() {
        let quote = read("date,close\n2015-01-02,1\n2015-01-03,\n", None).unwrap();
        assert_eq!((quote.series.ticker(), quote.rows_dropped), ("BRK.B", 1));
        assert_eq!(quote.series.source(), Some("a test"));
        let json = serde_json::to_string(&quote).unwrap();
        assert_eq!(serde_json::from_str::<Quote>(&json).unwrap(), quote);
    }

    #[test]
    fn an_answer_about_something_else_is_an_error_in_words() {
        let refused = read("symbol,date,close\nAAPL,2015-01-02,1\n", None).unwrap_err();
        assert_eq!(refused, "the answer for BRK.B holds prices of AAPL instead");
        let refused = read("<html>\n", None).unwrap_err();
        assert!(
            refused.starts_with("the answer for BRK.B, line 1: no date column"),
            "{refused}"
        );
    }

    #[test]
    fn a_long_window_drops_what_lies_outside_and_a_short_one_keeps_it() {
        let dates = |csv: &str, from| read(csv, Some(from)).unwrap().series.dates().len();
        assert_eq!(dates(&days(100), "2015-02-01"), 69);
        assert_eq!(dates(&days(40), "2015-02-01"), 40);
    }
}
