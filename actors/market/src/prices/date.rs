//! Dates as price files and requests write them.

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime};
use serde::{Deserialize, Serialize};

/// Years outside this range are taken for misread dates.
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2200;
/// `%B` reads short and full month names.
const DATE_FORMATS: [&str; 8] = [
    "%Y-%m-%d",
    "%Y/%m/%d",
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

/// Which part of `01/02/2015` is the month.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SlashOrder {
    MonthFirst,
    DayFirst,
}

impl SlashOrder {
    /// For sentences: `month first`.
    pub const fn words(self) -> &'static str {
        match self {
            Self::MonthFirst => "month first",
            Self::DayFirst => "day first",
        }
    }

    pub const fn other(self) -> Self {
        match self {
            Self::MonthFirst => Self::DayFirst,
            Self::DayFirst => Self::MonthFirst,
        }
    }
}

/// A date as it is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Written {
    /// The same date in every order.
    Certain(NaiveDate),
    /// `01/31/2015` or `31/01/2015`: a date in one order only.
    Ordered(NaiveDate, SlashOrder),
    /// `01/02/2015`: either part may be the month.
    Ambiguous {
        month_first: NaiveDate,
        day_first: NaiveDate,
    },
}

impl Written {
    /// The date in a file of this order; month first where nothing tells.
    pub fn date_in(self, order: Option<SlashOrder>) -> NaiveDate {
        match self {
            Self::Certain(date) | Self::Ordered(date, _) => date,
            Self::Ambiguous { day_first, .. } if order == Some(SlashOrder::DayFirst) => day_first,
            Self::Ambiguous { month_first, .. } => month_first,
        }
    }
}

/// Reads a date: `2015-01-02`, `2015/01/02`, `01/31/2015`, `31/01/2015`, `Jan 2 2015`, `2 Jan 2015`, `20150102`, or a
/// date-time, whose calendar date is taken as written, whatever its offset.
pub fn read_date(text: &str) -> Option<Written> {
    let text = text.trim();
    let date = DATE_FORMATS
        .iter()
        .find_map(|format| plain(text, format))
        .or_else(|| date_time(text))
        .filter(|date| YEARS.contains(&date.year()));
    date.map(Written::Certain).or_else(|| slashed(text))
}

fn slashed(text: &str) -> Option<Written> {
    let [month_first, day_first] = ["%m/%d/%Y", "%d/%m/%Y"].map(|format| plain(text, format));
    match (month_first, day_first) {
        (Some(date), Some(same)) if date == same => Some(Written::Certain(date)),
        (Some(month_first), Some(day_first)) => Some(Written::Ambiguous {
            month_first,
            day_first,
        }),
        (Some(date), None) => Some(Written::Ordered(date, SlashOrder::MonthFirst)),
        (None, Some(date)) => Some(Written::Ordered(date, SlashOrder::DayFirst)),
        (None, None) => None,
    }
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
        let expected = NaiveDate::from_ymd_opt(2015, 1, 2).map(Written::Certain);
        for text in [
            "2015-01-02",
            "2015/01/02",
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
            assert_eq!(read_date(text), expected, "{text}");
        }
    }

    #[test]
    fn a_slash_date_tells_its_order_or_has_two_readings() {
        let day = |month, day| NaiveDate::from_ymd_opt(2015, month, day).unwrap();
        for (text, expected) in [
            (
                "1/31/2015",
                Written::Ordered(day(1, 31), SlashOrder::MonthFirst),
            ),
            (
                "31/01/2015",
                Written::Ordered(day(1, 31), SlashOrder::DayFirst),
            ),
            ("03/03/2015", Written::Certain(day(3, 3))),
            (
                "01/02/2015",
                Written::Ambiguous {
                    month_first: day(1, 2),
                    day_first: day(2, 1),
                },
            ),
        ] {
            assert_eq!(read_date(text), Some(expected), "{text}");
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
            "13/13/2015",
            "02/30/2015",
            "01/02/15",
            "0015-01-02",
            "yesterday",
            "2015010",
            "1e9",
        ] {
            assert_eq!(read_date(text), None, "{text}");
        }
    }
}
