//! How moments are written: days and moments of ISO 8601 and their usual variants.

use chrono::{DateTime, Datelike as _, NaiveDate, Timelike as _};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::profile::DAY_SECONDS;

/// A way to write moments. Moments are local, in seconds since 1970-01-01.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Layout {
    /// Between year, month and day: `-`, `/` or nothing.
    pub separator: Separator,
    /// Between day and time; absent where there are only days.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub time: Option<TimeSeparator>,
    /// Distance from UTC in minutes, written behind the time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub offset_minutes: Option<i16>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Separator {
    Dash,
    Slash,
    None,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum TimeSeparator {
    T,
    Space,
}

impl Layout {
    /// Whether it states the time of day.
    pub const fn has_hours(&self) -> bool {
        self.time.is_some()
    }

    /// Reads a cell: year first; fractions of a second are dropped.
    pub fn read(text: &str) -> Option<(Self, i64)> {
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let (separator, day_bytes) = match (digits, text.as_bytes().get(4)) {
            (4, Some(b'-')) => (Separator::Dash, 10),
            (4, Some(b'/')) => (Separator::Slash, 10),
            (8, _) => (Separator::None, 8),
            _ => return None,
        };
        let (day, rest) = text.split_at_checked(day_bytes)?;
        let day = read_day(day, separator)?;
        let days = i64::from(day.num_days_from_ce()) - EPOCH_FROM_CE;
        let Some(first) = rest.chars().next() else {
            let layout = Self {
                separator,
                time: None,
                offset_minutes: None,
            };
            return Some((layout, days * DAY_SECONDS));
        };
        let time = match first {
            'T' => TimeSeparator::T,
            ' ' => TimeSeparator::Space,
            _ => return None,
        };
        let (second, rest) = read_time(&rest[1..])?;
        let layout = Self {
            separator,
            time: Some(time),
            offset_minutes: read_offset(rest)?,
        };
        Some((layout, days * DAY_SECONDS + second))
    }

    /// Appends a moment.
    pub fn write(&self, moment: i64, out: &mut String) {
        use std::fmt::Write as _;
        let Some(at) = DateTime::from_timestamp(moment, 0) else {
            return;
        };
        let between = match self.separator {
            Separator::Dash => "-",
            Separator::Slash => "/",
            Separator::None => "",
        };
        // Writing to a text cannot fail.
        let (year, month, day) = (at.year(), at.month(), at.day());
        let _ = write!(out, "{year:04}{between}{month:02}{between}{day:02}");
        let Some(time) = self.time else {
            return;
        };
        out.push(match time {
            TimeSeparator::T => 'T',
            TimeSeparator::Space => ' ',
        });
        let (hour, minute, second) = (at.hour(), at.minute(), at.second());
        let _ = write!(out, "{hour:02}:{minute:02}:{second:02}");
        match self.offset_minutes {
            None => {}
            Some(0) => out.push('Z'),
            Some(offset) => {
                let sign = if offset < 0 { '-' } else { '+' };
                let (hours, minutes) = (offset.abs() / 60, offset.abs() % 60);
                let _ = write!(out, "{sign}{hours:02}:{minutes:02}");
            }
        }
    }
}

/// Days from the first of the common era to 1970-01-01.
const EPOCH_FROM_CE: i64 = 719_163;
/// Years that a sample may be of.
const YEARS: std::ops::RangeInclusive<i32> = 1900..=2199;

fn read_day(text: &str, separator: Separator) -> Option<NaiveDate> {
    let format = match separator {
        Separator::Dash => "%Y-%m-%d",
        Separator::Slash => "%Y/%m/%d",
        Separator::None => "%Y%m%d",
    };
    let day = NaiveDate::parse_from_str(text, format).ok()?;
    YEARS.contains(&day.year()).then_some(day)
}

/// The second of the day and what follows the time.
fn read_time(text: &str) -> Option<(i64, &str)> {
    let two = |from: usize| -> Option<i64> {
        let digits = text.get(from..from + 2)?;
        digits
            .bytes()
            .all(|byte| byte.is_ascii_digit())
            .then_some(())?;
        digits.parse().ok()
    };
    let (hour, minute) = (two(0)?, two(3)?);
    let has_seconds = text.as_bytes().get(5) == Some(&b':');
    let second = if has_seconds { two(6)? } else { 0 };
    let is_time = text.as_bytes().get(2) == Some(&b':') && hour < 24 && minute < 60 && second < 60;
    let rest = &text[if has_seconds { 8 } else { 5 }..];
    let rest = match rest.strip_prefix('.') {
        Some(fraction) => fraction.trim_start_matches(|digit: char| digit.is_ascii_digit()),
        None => rest,
    };
    is_time.then_some((hour * 3_600 + minute * 60 + second, rest))
}

/// The offset in minutes; none is none.
fn read_offset(text: &str) -> Option<Option<i16>> {
    if text.is_empty() {
        return Some(None);
    }
    if text == "Z" {
        return Some(Some(0));
    }
    let sign = match text.as_bytes()[0] {
        b'+' => 1,
        b'-' => -1,
        _ => return None,
    };
    let digits: String = text[1..].chars().filter(|letter| *letter != ':').collect();
    let number: i16 = digits.parse().ok()?;
    let (hours, minutes) = (number / 100, number % 100);
    let is_offset = digits.len() == 4 && hours <= 14 && minutes < 60;
    is_offset.then_some(Some(sign * (hours * 60 + minutes)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_read_is_written_alike() {
        for text in [
            "1997-01-01",
            "1997/12/31",
            "20240229",
            "2024-10-01T09:08:07",
            "2024-10-01 23:59:59Z",
            "2024-10-01T00:00:00+05:30",
            "2024-10-01T00:00:00-08:00",
        ] {
            let (layout, moment) = Layout::read(text).unwrap();
            let mut written = String::new();
            layout.write(moment, &mut written);
            assert_eq!(written, text);
        }
        let (_, moment) = Layout::read("1970-01-02 00:01:05.25").unwrap();
        assert_eq!(moment, DAY_SECONDS + 65);
        assert_eq!(Layout::read("1970-01-01 01:30").unwrap().1, 5_400);
    }

    #[test]
    fn what_is_no_moment_is_not_read() {
        for text in [
            "",
            "1997",
            "1997-13-01",
            "2023-02-29",
            "12345678",
            "2024-10-01T25:00:00",
            "2024-10-01x",
            "2024-10-01T10:00:00+99:00",
            "2024-1-1",
            "9.77",
            "\u{663}\u{663}\u{663}\u{663}-01-01",
            "2024-10-0é",
        ] {
            assert_eq!(Layout::read(text), None, "{text}");
        }
    }
}
