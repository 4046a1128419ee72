//! How often prices come, and how many periods that makes a year.

use chrono::NaiveDate;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Spacing of the dates of a series.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Frequency {
    Daily,
    Weekly,
    Monthly,
}

impl Frequency {
    /// From the median gap between dates in ascending order: up to 4 days daily, 5 to 10 weekly, 26 to 35 monthly.
    /// `None` for any other gap and for fewer than two dates.
    pub fn of(dates: &[NaiveDate]) -> Option<Self> {
        match median_gap_days(dates)? {
            1..=4 => Some(Self::Daily),
            5..=10 => Some(Self::Weekly),
            26..=35 => Some(Self::Monthly),
            _ => None,
        }
    }

    /// Periods by which figures are annualised: 252, 52 or 12.
    pub const fn periods_per_year(self) -> f64 {
        match self {
            Self::Daily => 252.0,
            Self::Weekly => 52.0,
            Self::Monthly => 12.0,
        }
    }

    pub const fn name(self) -> &'static str {
        match self {
            Self::Daily => "daily",
            Self::Weekly => "weekly",
            Self::Monthly => "monthly",
        }
    }

    /// One period, for sentences: `day`.
    pub const fn period(self) -> &'static str {
        match self {
            Self::Daily => "day",
            Self::Weekly => "week",
            Self::Monthly => "month",
        }
    }
}

/// The lower median of the gaps between neighbouring dates, in days; `None` for fewer than two dates.
pub fn median_gap_days(dates: &[NaiveDate]) -> Option<i64> {
    let mut gaps: Vec<i64> = dates
        .windows(2)
        .map(|pair| (pair[1] - pair[0]).num_days())
        .collect();
    if gaps.is_empty() {
        return None;
    }
    let middle = (gaps.len() - 1) / 2;
    Some(*gaps.select_nth_unstable(middle).1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn dates(days: &[i64]) -> Vec<NaiveDate> {
        let start = NaiveDate::from_ymd_opt(2015, 1, 2).unwrap();
        days.iter()
            .map(|day| start + chrono::TimeDelta::days(*day))
            .collect()
    }

    #[test]
    fn the_median_gap_decides() {
        assert_eq!(
            Frequency::of(&dates(&[0, 3, 4, 5, 6, 7, 11])),
            Some(Frequency::Daily)
        );
        assert_eq!(
            Frequency::of(&dates(&[0, 7, 14, 28])),
            Some(Frequency::Weekly)
        );
        assert_eq!(
            Frequency::of(&dates(&[0, 31, 59, 90])),
            Some(Frequency::Monthly)
        );
    }

    #[test]
    fn quarterly_and_single_dates_are_not_guessed() {
        assert_eq!(Frequency::of(&dates(&[0, 91, 182])), None);
        assert_eq!(Frequency::of(&dates(&[0, 14, 28])), None);
        assert_eq!(Frequency::of(&dates(&[0])), None);
    }
}
