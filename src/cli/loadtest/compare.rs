//! Two reports beside each other: what has become worse by more than a run differs from the next.

use super::report::{Figures, Report};
use crate::cli::failure::Failure;

/// A latency counts as worse only above this, in milliseconds: below it the clock and the scheduler speak.
const LATENCY_MS_MIN: f64 = 1.0;
/// Percentiles that are compared; the slowest answer alone says little.
const COMPARED: [&str; 5] = ["p50", "p75", "p90", "p95", "p99"];

/// Names what is worse in `now` than in `before` by more than `tolerance` (0.2 is a fifth), one line each. Errors when the
/// two were not asked the same.
pub fn regressions(before: &Report, now: &Report, tolerance: f64) -> Result<Vec<String>, Failure> {
    let asked = |report: &Report| (report.profile, report.rate_per_s);
    if asked(before) != asked(now) {
        let message = format!(
            "the baseline is of profile {} at {} requests/s, and this run of {} at {}",
            before.profile.name(),
            before.rate_per_s,
            now.profile.name(),
            now.rate_per_s
        );
        return Err(Failure::BadInput(message));
    }
    let mut found = Vec::new();
    for (name, now) in &now.classes {
        if let Some(before) = before.classes.get(name) {
            found.extend(of_class(name, before, now, tolerance));
        }
    }
    if now.lost > before.lost {
        found.push(format!("lost jobs: {} against {}", now.lost, before.lost));
    }
    Ok(found)
}

fn of_class(name: &str, before: &Figures, now: &Figures, tolerance: f64) -> Vec<String> {
    let mut found = Vec::new();
    let share = |figures: &Figures| {
        let all = (figures.answered + figures.failed()).max(1);
        figures.failed() as f64 / all as f64
    };
    if share(now) > share(before) {
        found.push(format!(
            "{name}, failed: {:.2}% against {:.2}%",
            share(now) * 100.0,
            share(before) * 100.0
        ));
    }
    if now.answered_per_s < before.answered_per_s * (1.0 - tolerance) {
        found.push(format!(
            "{name}, right answers/s: {:.1} against {:.1}",
            now.answered_per_s, before.answered_per_s
        ));
    }
    let (Some(before), Some(now)) = (&before.latency_ms, &now.latency_ms) else {
        return found;
    };
    let pairs = before.named().into_iter().zip(now.named());
    for ((percentile, before), (_, now)) in pairs {
        let is_worse = now > before * (1.0 + tolerance) && now - before > LATENCY_MS_MIN;
        if is_worse && COMPARED.contains(&percentile) {
            found.push(format!(
                "{name}, {percentile}: {now:.1} ms against {before:.1} ms"
            ));
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::cli::loadtest::{
        profile::Profile,
        report::{ALL, Latency},
    };

    fn report(p50: f64, p99: f64, errors: u64) -> Report {
        let figures = Figures {
            answered: 1_000,
            answered_per_s: 100.0,
            errors: BTreeMap::from([("timeout".to_owned(), errors)]),
            latency_ms: Some(Latency {
                p50,
                p75: p50,
                p90: p50,
                p95: p50,
                p99,
                max: 10_000.0 * p99,
            }),
        };
        Report {
            version: "1".to_owned(),
            at: String::new(),
            profile: Profile::Light,
            url: String::new(),
            machine: None,
            rate_per_s: 100,
            seconds: 10,
            warm_up_s: 0,
            jobs: 0,
            in_flight_max: 1,
            classes: BTreeMap::from([(ALL.to_owned(), figures)]),
            resent: 0,
            accepted: 0,
            lost: 0,
            gap_ms_max: 0.0,
            timeline: Vec::new(),
            criteria: Vec::new(),
            passed: true,
        }
    }

    #[test]
    fn what_is_worse_by_more_than_the_tolerance_is_named_with_both_figures() {
        let before = report(2.0, 20.0, 0);
        let worse = |now: &Report| regressions(&before, now, 0.2).unwrap();
        assert_eq!(worse(&report(2.0, 24.0, 0)), Vec::<String>::new());
        assert_eq!(
            worse(&report(2.0, 24.1, 0)),
            ["all, p99: 24.1 ms against 20.0 ms"]
        );
        assert_eq!(
            worse(&report(2.0, 20.0, 10)),
            ["all, failed: 0.99% against 0.00%"]
        );
        let mut slower = report(2.0, 20.0, 0);
        slower.classes.get_mut(ALL).unwrap().answered_per_s = 79.0;
        slower.lost = 1;
        assert_eq!(
            worse(&slower),
            [
                "all, right answers/s: 79.0 against 100.0",
                "lost jobs: 1 against 0"
            ]
        );
    }

    #[test]
    fn a_fraction_of_a_millisecond_is_no_regression_and_better_is_none() {
        let before = report(0.5, 20.0, 3);
        for now in [report(1.4, 20.0, 3), report(0.1, 1.0, 0)] {
            assert_eq!(
                regressions(&before, &now, 0.2).unwrap(),
                Vec::<String>::new()
            );
        }
    }

    #[test]
    fn runs_of_two_profiles_are_not_compared() {
        let mut other = report(2.0, 20.0, 0);
        other.profile = Profile::Heavy;
        assert!(regressions(&report(2.0, 20.0, 0), &other, 0.2).is_err());
    }
}
