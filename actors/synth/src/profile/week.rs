//! Time measured by how much happens in it: an hour is as long as its weekday's share and its own make it, and a week is
//! seven days. What is spread evenly over such time falls on weekdays and hours in their shares.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub const DAY_SECONDS: i64 = 86_400;
const HOUR_SECONDS: f64 = 3_600.0;
/// 1970-01-05, a Monday, in days since 1970-01-01.
const FIRST_MONDAY: i64 = 4;

/// How a week's events are shared out.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Week {
    /// Shares of Monday to Sunday.
    pub weekdays: [f64; 7],
    /// Shares of the hours 0 to 23; absent where the sample has days only.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hours: Option<[f64; 24]>,
}

impl Week {
    /// Of local moments in seconds since 1970-01-01, at least one.
    pub fn of(moments: &[i64], has_hours: bool) -> Self {
        let (mut weekdays, mut hours) = ([0.0; 7], [0.0; 24]);
        for moment in moments {
            weekdays[Self::weekday_of(*moment)] += 1.0;
            hours[Self::hour_of(*moment)] += 1.0;
        }
        let share = |count: f64| count / moments.len() as f64;
        let (weekdays, hours) = (weekdays.map(share), hours.map(share));
        Self {
            weekdays,
            hours: has_hours.then_some(hours),
        }
    }

    /// 0 is Monday.
    pub fn weekday_of(moment: i64) -> usize {
        weekday(moment.div_euclid(DAY_SECONDS))
    }

    pub fn hour_of(moment: i64) -> usize {
        (moment.rem_euclid(DAY_SECONDS) / HOUR_SECONDS as i64) as usize
    }

    /// A moment in busy days since the first Monday; a whole day counts as its middle.
    pub fn busy_days(&self, moment: i64) -> f64 {
        let day = moment.div_euclid(DAY_SECONDS);
        let within = match &self.hours {
            Some(hours) => {
                let second = moment.rem_euclid(DAY_SECONDS) as f64;
                passed(hours, second / HOUR_SECONDS)
            }
            None => 0.5,
        };
        let weeks = (day - FIRST_MONDAY).div_euclid(7) as f64;
        7.0 * (weeks + passed(&self.weekdays, weekday(day) as f64 + within))
    }

    /// The moment at so many busy days since the first Monday; midnight where there are only days.
    pub fn moment(&self, busy_days: f64) -> i64 {
        let weeks = (busy_days / 7.0).floor();
        let day = reached(&self.weekdays, busy_days / 7.0 - weeks);
        let days = FIRST_MONDAY + weeks as i64 * 7 + day as i64;
        let second = self
            .hours
            .as_ref()
            .map_or(0.0, |hours| reached(hours, day.fract()) * HOUR_SECONDS);
        days * DAY_SECONDS + (second as i64).min(DAY_SECONDS - 1)
    }

    /// What is wrong with stated shares.
    pub fn fault(&self) -> Option<&'static str> {
        let hours = self.hours.as_ref().map_or(&[1.0][..], |hours| hours);
        let is_fair = |shares: &[f64]| {
            shares.iter().all(|share| (0.0..=1.0).contains(share))
                && (shares.iter().sum::<f64>() - 1.0).abs() < 1e-6
        };
        if !is_fair(&self.weekdays) {
            Some("shares of weekdays must sum to 1")
        } else if !is_fair(hours) {
            Some("shares of hours must sum to 1")
        } else {
            None
        }
    }
}

/// 0 is Monday.
fn weekday(day: i64) -> usize {
    (day - FIRST_MONDAY).rem_euclid(7) as usize
}

/// The share passed at a place measured in cells.
fn passed(shares: &[f64], place: f64) -> f64 {
    let cell = (place as usize).min(shares.len() - 1);
    shares[..cell].iter().sum::<f64>() + shares[cell] * (place - cell as f64)
}

/// The place, measured in cells, where a share below 1 has passed; never in a cell without a share.
fn reached(shares: &[f64], share: f64) -> f64 {
    /// Keeps a place within its cell.
    const BELOW_ONE: f64 = 1.0 - 1e-9;
    let mut before = 0.0;
    let mut last = 0.0;
    for (cell, part) in shares.iter().enumerate().filter(|(_, part)| **part > 0.0) {
        if share < before + part {
            return cell as f64 + ((share - before) / part).clamp(0.0, BELOW_ONE);
        }
        before += part;
        last = cell as f64 + BELOW_ONE;
    }
    last
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Sundays are closed; nights are quiet.
    fn week() -> Week {
        let hours = std::array::from_fn(|hour| if hour < 8 { 0.0 } else { 1.0 / 16.0 });
        Week {
            weekdays: [0.1, 0.1, 0.1, 0.2, 0.2, 0.3, 0.0],
            hours: Some(hours),
        }
    }

    #[test]
    fn a_moment_comes_back_from_busy_time() {
        let days = Week {
            hours: None,
            ..week()
        };
        for day in [0_i64, 1, 4, 20_000, 20_001, 20_002] {
            let open = day * DAY_SECONDS + 10 * 3_600 + 123;
            if weekday(day) == 6 {
                continue;
            }
            assert!((week().moment(week().busy_days(open)) - open).abs() <= 1);
            let midnight = day * DAY_SECONDS;
            assert_eq!(days.moment(days.busy_days(midnight)), midnight);
        }
    }

    #[test]
    fn even_busy_time_falls_on_weekdays_and_hours_in_their_shares() {
        let moments: Vec<i64> = (0..70_000)
            .map(|step| week().moment(14_000.0 + f64::from(step) / 1_000.0))
            .collect();
        let found = Week::of(&moments, true);
        for (found, stated) in found.weekdays.iter().zip(week().weekdays) {
            assert!((found - stated).abs() < 1e-3);
        }
        let hours = found.hours.unwrap();
        for (found, stated) in hours.iter().zip(week().hours.unwrap()) {
            assert!((found - stated).abs() < 2e-3);
        }
    }

    #[test]
    fn shares_that_do_not_sum_to_one_are_told() {
        assert_eq!(week().fault(), None);
        let lame = Week {
            weekdays: [0.1; 7],
            hours: None,
        };
        assert!(lame.fault().is_some());
    }
}
