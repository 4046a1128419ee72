//! When a load test has passed.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{profile::Profile, report::Latency};

const P50_MAX: Duration = Duration::from_millis(5);
const P99_MAX: Duration = Duration::from_millis(50);

/// What is asked of a run; a latency that is None has no limit.
#[derive(Debug, Clone, Default)]
pub struct Limits {
    pub p50: Option<Duration>,
    pub p99: Option<Duration>,
    /// Longest time without a right answer.
    pub gap: Option<Duration>,
    /// Requests that may have been sent again; None for any number.
    pub resent: Option<u64>,
    /// Refusals that say when to come again are no errors.
    pub refusals: bool,
}

/// One thing that was asked, and what was found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Criterion {
    pub name: String,
    pub limit: f64,
    pub found: f64,
    pub met: bool,
}

/// What a run came to.
#[derive(Debug, Clone, Copy)]
pub struct Found {
    pub answered: u64,
    pub errors: u64,
    /// Refusals that say when to come again, among the errors.
    pub refusals: u64,
    pub lost: u64,
    pub resent: u64,
    pub gap_ms: f64,
    pub latency: Option<Latency>,
}

impl Limits {
    pub fn of(profile: Profile) -> Self {
        let is_bounded = profile != Profile::Extreme;
        Self {
            p50: is_bounded.then_some(P50_MAX),
            p99: is_bounded.then_some(P99_MAX),
            gap: None,
            resent: None,
            refusals: !is_bounded,
        }
    }

    pub fn judge(&self, found: &Found) -> Vec<Criterion> {
        let errors = match self.refusals {
            true => found.errors - found.refusals,
            false => found.errors,
        };
        let counted = |name: &str, count: u64| at_most(name, 0.0, count as f64);
        let percentile = |name: &str, limit: Option<Duration>, of: fn(&Latency) -> f64| {
            // Without an answer there is none in time.
            let found = found.latency.as_ref().map_or(f64::MAX, of);
            limit.map(|limit| at_most(name, ms(limit), found))
        };
        let latencies = [
            percentile("p50 ms", self.p50, |latency| latency.p50),
            percentile("p99 ms", self.p99, |latency| latency.p99),
            self.gap
                .map(|limit| at_most("ms without an answer", ms(limit), found.gap_ms)),
        ];
        let resent = self
            .resent
            .map(|limit| at_most("sent again", limit as f64, found.resent as f64));
        let nothing = u64::from(found.answered == 0);
        [
            counted("errors", errors),
            counted("lost jobs", found.lost),
            counted("runs without an answer", nothing),
        ]
        .into_iter()
        .chain(resent)
        .chain(latencies.into_iter().flatten())
        .collect()
    }
}

fn at_most(name: &str, limit: f64, found: f64) -> Criterion {
    Criterion {
        name: name.to_owned(),
        limit,
        found,
        met: found <= limit,
    }
}

/// In milliseconds.
pub fn ms(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

#[cfg(test)]
mod tests {
    use super::*;

    const FOUND: Found = Found {
        answered: 10,
        errors: 3,
        refusals: 2,
        lost: 0,
        resent: 1,
        gap_ms: 900.0,
        latency: Some(Latency {
            p50: 4.0,
            p75: 5.0,
            p90: 6.0,
            p95: 7.0,
            p99: 51.0,
            max: 60.0,
        }),
    };

    fn missed(limits: &Limits, found: &Found) -> Vec<String> {
        let judged = limits.judge(found).into_iter();
        let missed = judged.filter(|criterion| !criterion.met);
        missed.map(|criterion| criterion.name).collect()
    }

    #[test]
    fn a_profile_has_limits_and_the_extreme_one_takes_refusals() {
        let heavy = Limits::of(Profile::Heavy);
        assert_eq!(missed(&heavy, &FOUND), ["errors", "p99 ms"]);
        let extreme = Limits::of(Profile::Extreme);
        assert_eq!(missed(&extreme, &FOUND), ["errors"]);
        let refused = Found { errors: 2, ..FOUND };
        assert_eq!(missed(&extreme, &refused), Vec::<String>::new());
    }

    #[test]
    fn a_gap_and_resends_count_where_they_have_a_limit_and_a_run_without_answers_fails() {
        let gap = Some(Duration::from_millis(899));
        let limits = Limits {
            gap,
            ..Limits::default()
        };
        let sound = Found { errors: 0, ..FOUND };
        assert_eq!(missed(&limits, &sound), ["ms without an answer"]);
        let sent_once = Limits {
            resent: Some(0),
            ..Limits::default()
        };
        assert_eq!(missed(&sent_once, &sound), ["sent again"]);
        let nothing = Found {
            answered: 0,
            latency: None,
            ..sound
        };
        assert_eq!(
            missed(&Limits::of(Profile::Light), &nothing),
            ["runs without an answer", "p50 ms", "p99 ms"]
        );
    }
}
