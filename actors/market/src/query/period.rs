//! Years, months, quarters and days as a window may name them.

use chrono::{Datelike, Days, Months, NaiveDate};

use super::{cursor::Cursor, word};
use crate::prices::{Written, read_date};

/// Years outside this range are not years.
const YEARS: std::ops::RangeInclusive<i32> = 1800..=2200;

/// A span of days, both ends included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Period {
    pub first: NaiveDate,
    pub last: NaiveDate,
}

impl Period {
    fn months(year: i32, month: u32, count: u32) -> Option<Self> {
        let first = NaiveDate::from_ymd_opt(year, month, 1).filter(|_| YEARS.contains(&year))?;
        let last = first
            .checked_add_months(Months::new(count))?
            .checked_sub_days(Days::new(1))?;
        Some(Self { first, last })
    }

    fn year(year: i32) -> Option<Self> {
        Self::months(year, 1, 12)
    }

    fn day(date: NaiveDate) -> Self {
        Self {
            first: date,
            last: date,
        }
    }

    /// From the first day of `self` to the last of `other`.
    pub fn to(self, other: Self) -> Self {
        Self {
            first: self.first,
            last: other.last,
        }
    }
}

/// Reads a text that is one period and nothing else: `2005`, `2005-01`, `Jan 2005`, `Q1 2005`, `2005-01-31`.
pub fn parse_period(text: &str) -> Option<Period> {
    let words = word::words(text, &is_period_word);
    let mut cursor = Cursor::new(&words);
    let period = take_period(&mut cursor)?;
    cursor.peek().is_none().then_some(period)
}

/// What a word is that is a period only with a year after it: `month` or `quarter`.
pub fn without_year(lower: &str) -> Option<&'static str> {
    if month_number(lower).is_some() {
        return Some("month");
    }
    ["q1", "q2", "q3", "q4"]
        .contains(&lower)
        .then_some("quarter")
}

/// Whether a piece of text is a period or a range of years by itself, and must not be cut at its marks.
pub fn is_period_word(text: &str) -> bool {
    single(text).is_some() || year_range(text).is_some() || readings(text).is_some()
}

/// Both readings of a date such as `01/02/2015`, month first and day first.
pub fn readings(text: &str) -> Option<[NaiveDate; 2]> {
    match read_date(text)? {
        Written::Ambiguous {
            month_first,
            day_first,
        } => Some([month_first, day_first]),
        Written::Certain(_) | Written::Ordered(..) => None,
    }
}

/// Steps over a period at the cursor.
pub fn take_period(cursor: &mut Cursor<'_>) -> Option<Period> {
    let start = *cursor;
    let period = bounded(cursor).or_else(|| {
        *cursor = start;
        named(cursor)
    });
    if period.is_none() {
        *cursor = start;
    }
    period
}

/// `2005-2009` in one word.
pub fn year_range(text: &str) -> Option<Period> {
    let (from, to) = text.split_once('-')?;
    let year = |text: &str| (text.len() == 4).then(|| digits(text)).flatten();
    let (from, to) = (Period::year(year(from)?)?, Period::year(year(to)?)?);
    Some(from.to(to))
}

/// `the start of 2005`, `the end of March 2009`.
fn bounded(cursor: &mut Cursor<'_>) -> Option<Period> {
    cursor.take(&["the"]);
    let end = match cursor.lower()? {
        "start" | "beginning" => false,
        "end" => true,
        _ => return None,
    };
    cursor.skip(1);
    cursor.take(&["of"]);
    let period = named(cursor)?;
    Some(Period::day(if end { period.last } else { period.first }))
}

fn named(cursor: &mut Cursor<'_>) -> Option<Period> {
    cursor.take(&["the"]);
    cursor.take(&["year", "month", "quarter"]);
    let texts: Vec<&str> = cursor
        .rest()
        .iter()
        .take(4)
        .map(|word| word.lower.as_str())
        .collect();
    let (period, count) = match texts.as_slice() {
        [month, day, ",", year, ..] if let Some(date) = spelled(day, month, year) => {
            (Period::day(date), 4)
        }
        [month, day, year, ..] if let Some(date) = spelled(day, month, year) => {
            (Period::day(date), 3)
        }
        [day, month, year, ..] if let Some(date) = spelled(day, month, year) => {
            (Period::day(date), 3)
        }
        [month, ",", year, ..] if let Some(period) = month_of(month, year) => (period, 3),
        [month, "of", year, ..] if let Some(period) = month_of(month, year) => (period, 3),
        [month, year, ..] if let Some(period) = month_of(month, year) => (period, 2),
        [quarter, year, ..] | [quarter, "of", year, ..]
            if let Some(period) = quarter_of(quarter, year) =>
        {
            (period, if texts[1] == "of" { 3 } else { 2 })
        }
        [one, ..] => (single(one)?, 1),
        [] => return None,
    };
    cursor.skip(count);
    Some(period)
}

fn single(text: &str) -> Option<Period> {
    if text.len() == 4 {
        return Period::year(digits(text)?);
    }
    if let Some((year, month)) = text
        .split_once(['-', '/'])
        .filter(|(year, _)| year.len() == 4)
    {
        if let Some(quarter) = quarter_of(&month.to_lowercase(), year) {
            return Some(quarter);
        }
        if let Some(month) = digits(month).filter(|_| month.len() <= 2) {
            return Period::months(digits(year)?, u32::try_from(month).ok()?, 1);
        }
    }
    match read_date(text)? {
        Written::Certain(date) | Written::Ordered(date, _) => Some(Period::day(date)),
        Written::Ambiguous { .. } => None,
    }
}

fn spelled(day: &str, month: &str, year: &str) -> Option<NaiveDate> {
    let day = ["st", "nd", "rd", "th"]
        .iter()
        .find_map(|suffix| day.strip_suffix(suffix))
        .unwrap_or(day);
    let day = u32::try_from(digits(day).filter(|_| day.len() <= 2)?).ok()?;
    let date = NaiveDate::from_ymd_opt(year_number(year)?, month_number(month)?, day)?;
    YEARS.contains(&date.year()).then_some(date)
}

fn month_of(month: &str, year: &str) -> Option<Period> {
    Period::months(year_number(year)?, month_number(month)?, 1)
}

fn quarter_of(quarter: &str, year: &str) -> Option<Period> {
    let number = match quarter {
        "q1" => 0,
        "q2" => 1,
        "q3" => 2,
        "q4" => 3,
        _ => return None,
    };
    Period::months(year_number(year)?, number * 3 + 1, 3)
}

fn year_number(text: &str) -> Option<i32> {
    digits(text).filter(|_| text.len() == 4)
}

fn digits(text: &str) -> Option<i32> {
    text.bytes()
        .all(|byte| byte.is_ascii_digit())
        .then(|| text.parse().ok())
        .flatten()
}

fn month_number(text: &str) -> Option<u32> {
    const NAMES: [&str; 12] = [
        "january",
        "february",
        "march",
        "april",
        "may",
        "june",
        "july",
        "august",
        "september",
        "october",
        "november",
        "december",
    ];
    let text = text.trim_end_matches('.');
    let at = NAMES.iter().position(|name| {
        *name == text
            || (text.len() == 3 && name.starts_with(text))
            || (text == "sept" && *name == "september")
    })?;
    u32::try_from(at + 1).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn span(text: &str) -> Option<(String, String)> {
        parse_period(text).map(|period| (period.first.to_string(), period.last.to_string()))
    }

    #[test]
    fn years_months_quarters_and_days_cover_their_days() {
        for (text, first, last) in [
            ("2005", "2005-01-01", "2005-12-31"),
            ("the year 2005", "2005-01-01", "2005-12-31"),
            ("2008-02", "2008-02-01", "2008-02-29"),
            ("Feb 2008", "2008-02-01", "2008-02-29"),
            ("February, 2008", "2008-02-01", "2008-02-29"),
            ("Sept 2008", "2008-09-01", "2008-09-30"),
            ("Q3 2008", "2008-07-01", "2008-09-30"),
            ("2008-Q4", "2008-10-01", "2008-12-31"),
            ("2009-12-31", "2009-12-31", "2009-12-31"),
            ("12/31/2009", "2009-12-31", "2009-12-31"),
            ("31/12/2009", "2009-12-31", "2009-12-31"),
            ("Jan 2, 2015", "2015-01-02", "2015-01-02"),
            ("2nd January 2015", "2015-01-02", "2015-01-02"),
            ("the end of March 2009", "2009-03-31", "2009-03-31"),
            ("start of 2005", "2005-01-01", "2005-01-01"),
        ] {
            assert_eq!(
                span(text),
                Some((first.to_owned(), last.to_owned())),
                "{text}"
            );
        }
        assert_eq!(
            year_range("2005-2009").map(|p| p.last.to_string()),
            Some("2009-12-31".to_owned())
        );
    }

    #[test]
    fn what_is_no_period_is_not_guessed() {
        for text in [
            "",
            "95",
            "0500",
            "may",
            "2005-13",
            "Q5 2008",
            "2005 and",
            "31 Feb 2008",
            "01/02/2008",
            "soon",
        ] {
            assert_eq!(span(text), None, "{text}");
        }
    }
}
