//! A time axis that is labelled on the first of years, months or days.

use std::ops::Range;

use chrono::{Datelike, Months, NaiveDate, TimeDelta};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};

/// Labels along the axis.
const LABELS_MAX: usize = 8;
/// Shorter spans are labelled by days.
const MONTHS_FROM_DAYS: i64 = 90;

/// Days, counted from the epoch, between two dates.
pub struct TimeAxis {
    span: Range<f64>,
    ticks: Vec<f64>,
    format: &'static str,
}

impl TimeAxis {
    /// From the first to the last day, which may be the same.
    pub fn over(first: f64, last: f64) -> Self {
        let (ticks, format) = date_ticks(day_of(first), day_of(last));
        Self {
            span: first..last.max(first + 1.0),
            ticks,
            format,
        }
    }

    /// Writes a day as a label.
    pub fn label(&self) -> impl Fn(&f64) -> String + use<> {
        let format = self.format;
        move |day| day_of(*day).format(format).to_string()
    }
}

impl Ranged for TimeAxis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let part = (value - self.span.start) / (self.span.end - self.span.start);
        low + (part * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _hint: Hint) -> Vec<f64> {
        self.ticks.clone()
    }

    fn range(&self) -> Range<f64> {
        self.span.clone()
    }
}

pub fn day_number(date: NaiveDate) -> f64 {
    (date - NaiveDate::default()).num_days() as f64
}

fn day_of(number: f64) -> NaiveDate {
    NaiveDate::default()
        .checked_add_signed(TimeDelta::days(number as i64))
        .unwrap_or_default()
}

/// Dates to label, at most `LABELS_MAX`, on the first of a year or month where the span allows, and their format.
fn date_ticks(first: NaiveDate, last: NaiveDate) -> (Vec<f64>, &'static str) {
    const MONTH_STEPS: [u32; 9] = [1, 2, 3, 6, 12, 24, 60, 120, 600];
    let days = (last - first).num_days();
    if days < MONTHS_FROM_DAYS {
        let step = days / LABELS_MAX as i64 + 1;
        let ticks = (0..=days)
            .step_by(usize::try_from(step).unwrap_or(1))
            .map(|day| day_number(first) + day as f64);
        return (ticks.collect(), "%-d %b %Y");
    }
    let year_start = NaiveDate::from_ymd_opt(first.year(), 1, 1).unwrap_or(first);
    let every = |step: u32| -> Vec<f64> {
        (0..)
            .map_while(|n: u32| year_start.checked_add_months(Months::new(n * step)))
            .take_while(|date| *date <= last)
            .filter(|date| *date >= first)
            .map(day_number)
            .collect()
    };
    let fitting = MONTH_STEPS
        .into_iter()
        .map(|step| (step, every(step)))
        .find(|(_, ticks)| ticks.len() <= LABELS_MAX);
    match fitting {
        Some((step, ticks)) => (ticks, if step < 12 { "%b %Y" } else { "%Y" }),
        None => (vec![day_number(first), day_number(last)], "%Y"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_stand_on_the_first_of_years_months_or_days() {
        let labels = |first: &str, last: &str| {
            let (ticks, format) = date_ticks(first.parse().unwrap(), last.parse().unwrap());
            ticks
                .into_iter()
                .map(|tick| day_of(tick).format(format).to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(
            labels("2015-01-02", "2022-12-28"),
            ["2016", "2017", "2018", "2019", "2020", "2021", "2022"]
        );
        assert_eq!(
            labels("2008-01-01", "2008-12-01"),
            [
                "Jan 2008", "Mar 2008", "May 2008", "Jul 2008", "Sep 2008", "Nov 2008"
            ]
        );
        assert_eq!(
            labels("2008-01-30", "2008-02-01"),
            ["30 Jan 2008", "31 Jan 2008", "1 Feb 2008"]
        );
        for (first, last) in [
            ("2008-01-01", "2008-03-30"),
            ("1900-01-01", "2024-01-01"),
            ("1800-01-01", "2200-01-01"),
        ] {
            assert!(
                (2..=LABELS_MAX).contains(&labels(first, last).len()),
                "{first} {last}"
            );
        }
    }
}
