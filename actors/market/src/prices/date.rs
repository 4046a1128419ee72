//! Dates as price files write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};

/// Years outside this range are taken for misread dates.
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2200;
/// `01/02/2015` is read month first. `%B` reads short and full month names.
const DATE_FORMATS: [&str; 9] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%m/%d/%Y",
    "%B %d %Y",
    "%B %d, %Y",
    "%d %B %Y",
    "%d-%B-%Y",
    "%Y.%m.%d",
    "%Y%m%d",
];
const DATE_TIME_FORMATS: [&str; 4] = [
    "%Y-%m-%d %H:%M:%S%.f",
    "%Y-%m-%dT%H:%M:%S%.f",
    "%Y-%m-%d %H:%M",
    "%Y/%m/%d %H:%M:%S%.f",
];
const ZONED_FORMATS: [&str; 2] = ["%Y-%m-%d %H:%M:%S%.f%:z", "%Y-%m-%d %H:%M:%S%.f%z"];

/// Reads a date: `2015-01-02`, `2015/01/02`, `01/02/2015` (month first), `Jan 2 2015`, `2 Jan 2015`, `20150102`, or a
/// date-time, whose calendar date is taken as written, whatever its offset.
pub fn parse_date(text: &str) -> Option<NaiveDate> {
    let text = text.trim();
    let date = DATE_FORMATS
        .iter()
        .find_map(|format| plain(text, format))
        .or_else(|| date_time(text))?;
    YEARS.contains(&date.year()).then_some(date)
}

fn plain(text: &str, format: &str) -> Option<NaiveDate> {
    // chrono reads `%Y%m%d` greedily, so the eight digits are checked here.
    if format == "%Y%m%d" && (text.len() != 8 || !text.bytes().all(|b| b.is_ascii_digit())) {
        return None;
    }
    let date = NaiveDate::parse_from_str(text, format).ok()?;
    YEARS.contains(&date.year()).then_some(date)
}

fn date_time(text: &str) -> Option<NaiveDate> {
    if let Ok(zoned) = DateTime::parse_from_rfc3339(text) {
        return Some(zoned.date_naive());
    }
    let zoned = ZONED_FORMATS
        .iter()
        .find_map(|format| DateTime::parse_from_str(text, format).ok());
    let local = || {
        DATE_TIME_FORMATS
            .iter()
            .find_map(|format| NaiveDateTime::parse_from_str(text, format).ok())
    };
    zoned
        .map(|at| at.date_naive())
        .or_else(|| local().map(|at| at.date()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_usual_spellings_of_a_date_are_read() {
        let expected = NaiveDate::from_ymd_opt(2015, 1, 2);
        for text in [
            "2015-01-02",
            "2015/01/02",
            "01/02/2015",
            "1/2/2015",
            "Jan 2 2015",
            "Jan 2, 2015",
            "January 2 2015",
            "2 Jan 2015",
            "02-Jan-2015",
            "20150102",
            "2015-01-02T00:00:00Z",
            "2015-01-02T23:30:00-05:00",
            "2015-01-02 00:00:00",
            "2015-01-02 00:00:00-05:00",
            " 2015-1-2 ",
            "2015.01.02",
        ] {
            assert_eq!(parse_date(text), expected, "{text}");
        }
    }

    #[test]
    fn what_is_no_date_is_not_guessed() {
        for text in [
            "",
            "2015",
            "2015-13-01",
            "2015-02-30",
            "15-01-02",
            "13/01/2015",
            "0015-01-02",
            "yesterday",
            "2015010",
            "1e9",
        ] {
            assert_eq!(parse_date(text), None, "{text}");
        }
    }
}
