//! The days of a period: how busy each one is, by weekday, month and distance from the day a salary arrives.

use chrono::{Datelike as _, NaiveDate, NaiveTime};

use crate::{digits, locale::Locale, pick::Pick};

pub const DAY_SECONDS: u32 = 86_400;
/// How much busier the days from the salary on are.
const AFTER_SALARY: [f64; 6] = [1.9, 1.65, 1.45, 1.3, 1.2, 1.1];
/// How much quieter the last days before it are.
const BEFORE_SALARY: [f64; 5] = [0.82, 0.85, 0.88, 0.92, 0.96];

/// One day as it is written.
#[derive(Debug, Clone, Copy)]
pub struct Day {
    /// `2024-10-01`.
    pub text: [u8; 10],
    /// 0 is Monday.
    pub weekday: u8,
    /// 1 to 31.
    pub day_of_month: u8,
}

#[derive(Debug)]
pub struct Calendar {
    /// The first midnight, local time, in seconds since 1970-01-01 UTC.
    pub unix_start: i64,
    pub days: Vec<Day>,
    /// Days in proportion to what happens on them: without a salary, then by the locale's salary days.
    curves: Vec<Pick>,
}

impl Calendar {
    /// The days `from..=to`.
    pub fn new(locale: &Locale, from: NaiveDate, to: NaiveDate) -> Self {
        let dates: Vec<NaiveDate> = from.iter_days().take_while(|date| *date <= to).collect();
        let base: Vec<f64> = dates
            .iter()
            .map(|date| {
                let weekday = locale.weekdays[date.weekday().num_days_from_monday() as usize];
                weekday * locale.months[date.month0() as usize]
            })
            .collect();
        let salaried = |salary_day: &u8| {
            let salary_day = u32::from(*salary_day);
            Pick::new(
                dates
                    .iter()
                    .zip(&base)
                    .map(|(date, base)| base * salary_weight(*date, salary_day)),
            )
        };
        Self {
            unix_start: unix_midnight(locale, from),
            curves: std::iter::once(Pick::new(base.iter().copied()))
                .chain(locale.salary_days.iter().map(salaried))
                .collect(),
            days: dates.iter().map(|date| day(*date)).collect(),
        }
    }

    /// The length of the period.
    pub const fn seconds(&self) -> u32 {
        self.days.len() as u32 * DAY_SECONDS
    }

    /// The day at a point of the unit interval scaled to 2^32; `curve` 0 is without a salary.
    #[inline]
    pub fn day_at(&self, curve: usize, point: u32) -> u32 {
        self.curves[curve].at(point) as u32
    }
}

/// The midnight that begins a local day, in seconds since 1970-01-01 UTC.
pub fn unix_midnight(locale: &Locale, date: NaiveDate) -> i64 {
    let midnight = date.and_time(NaiveTime::MIN).and_utc().timestamp();
    midnight - i64::from(locale.utc_offset_minutes) * 60
}

/// A day as ISO 8601 has it; years have four digits.
pub fn iso(date: NaiveDate) -> [u8; 10] {
    digits::date(date.year().unsigned_abs(), date.month(), date.day())
}

fn day(date: NaiveDate) -> Day {
    Day {
        text: iso(date),
        weekday: date.weekday().num_days_from_monday() as u8,
        day_of_month: date.day() as u8,
    }
}

/// How a salary on `salary_day`, or on the month's last day where there is none such, weighs on `date`.
fn salary_weight(date: NaiveDate, salary_day: u32) -> f64 {
    let length = u32::from(date.num_days_in_month());
    let paid = salary_day.min(length);
    let since = (date.day() + length - paid) % length;
    let until = length - since;
    let after = AFTER_SALARY.get(since as usize);
    let before = BEFORE_SALARY.get((until - 1) as usize);
    *after.or(before).unwrap_or(&1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn calendar() -> Calendar {
        let date = |month, day| NaiveDate::from_ymd_opt(2024, month, day).unwrap();
        Calendar::new(Locale::of("in").unwrap(), date(10, 1), date(12, 31))
    }

    #[test]
    fn a_period_includes_its_first_and_last_day() {
        let calendar = calendar();
        assert_eq!(calendar.days.len(), 92);
        assert_eq!(&calendar.days[0].text, b"2024-10-01");
        assert_eq!(&calendar.days[91].text, b"2024-12-31");
        assert_eq!(calendar.days[0].weekday, 1);
        assert_eq!(
            [calendar.day_at(0, 0), calendar.day_at(0, u32::MAX)],
            [0, 91]
        );
    }

    #[test]
    fn the_salary_day_is_the_busiest_of_its_month() {
        let calendar = calendar();
        let steps = 1_u64 << 16;
        let share = |curve: usize, day: u32| {
            let points = (0..steps).map(|step| (step << 16) as u32);
            let hits = points.filter(|point| calendar.day_at(curve, *point) == day);
            hits.count() as f64 / steps as f64
        };
        // The locale's second salary day is the 7th.
        assert!(share(2, 6) > 1.5 * share(0, 6));
        assert!(share(2, 5) < share(0, 5));
    }
}
