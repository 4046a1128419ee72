//! The report of a load test: JSON to keep and compare, a table for people.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{criteria::Criterion, profile::Profile};
use crate::cli::{bench::machine::Machine, render};

/// The row of all classes together.
pub const ALL: &str = "all";

#[derive(Debug, Serialize, Deserialize)]
pub struct Report {
    pub version: String,
    pub at: String,
    pub profile: Profile,
    pub url: String,
    /// Of the driver, which may share it with the server.
    #[serde(skip_deserializing)]
    pub machine: Option<Machine>,
    pub rate_per_s: u32,
    pub seconds: u64,
    pub warm_up_s: u64,
    /// Jobs that were put into the store first.
    pub jobs: u32,
    pub in_flight_max: usize,
    /// By class, and of all together.
    pub classes: BTreeMap<String, Figures>,
    /// Requests that were sent again because their connection had closed before a byte of the answer.
    pub resent: u64,
    /// Jobs that were accepted and had not ended within the wait.
    pub accepted: u64,
    /// Of these, those that did not succeed in the end.
    pub lost: u64,
    /// Longest time without a right answer, in milliseconds.
    pub gap_ms_max: f64,
    pub timeline: Vec<Second>,
    pub criteria: Vec<Criterion>,
    pub passed: bool,
}

#[derive(Debug, Clone, Default, Serialize, Deserialize)]
pub struct Figures {
    /// Right answers.
    pub answered: u64,
    pub answered_per_s: f64,
    /// By class of error.
    pub errors: BTreeMap<String, u64>,
    /// Of right answers; absent when there is none.
    pub latency_ms: Option<Latency>,
}

/// Percentiles in milliseconds, by nearest rank.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Latency {
    pub p50: f64,
    pub p75: f64,
    pub p90: f64,
    pub p95: f64,
    pub p99: f64,
    pub max: f64,
}

/// One second of the measured time, by when requests were due.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Second {
    pub second: u64,
    pub answered: u64,
    pub errors: u64,
    pub p50_ms: Option<f64>,
    pub p99_ms: Option<f64>,
}

impl Figures {
    pub fn failed(&self) -> u64 {
        self.errors.values().sum()
    }
}

impl Latency {
    /// By name, in order.
    pub fn named(&self) -> [(&'static str, f64); 6] {
        [
            ("p50", self.p50),
            ("p75", self.p75),
            ("p90", self.p90),
            ("p95", self.p95),
            ("p99", self.p99),
            ("max", self.max),
        ]
    }
}

impl Report {
    pub fn to_json(&self) -> String {
        serde_json::to_string_pretty(self).expect("a report is plain data")
    }

    /// Figures of all classes together.
    pub fn all(&self) -> &Figures {
        &self.classes[ALL]
    }

    /// What was asked, in one line.
    pub fn heading(&self) -> String {
        format!(
            "callboard {} loadtest, profile {}: {} requests/s for {} s after {} s of warm-up, {} jobs in the store",
            self.version,
            self.profile.name(),
            self.rate_per_s,
            self.seconds,
            self.warm_up_s,
            self.jobs
        )
    }

    pub fn table(&self) -> String {
        let header = [
            "requests", "right", "right/s", "failed", "p50 ms", "p75", "p90", "p95", "p99", "max",
        ];
        let rows = self.classes.iter().map(|(name, figures)| {
            let mut row = vec![
                name.clone(),
                figures.answered.to_string(),
                format!("{:.0}", figures.answered_per_s),
                figures.failed().to_string(),
            ];
            let shown = |value: f64| format!("{value:.1}");
            row.extend(match &figures.latency_ms {
                Some(latency) => latency.named().map(|(_, value)| shown(value)),
                None => [const { String::new() }; 6],
            });
            row
        });
        let rows = rows.collect();
        let errors = self.all().errors.iter();
        let errors = errors.map(|(error, count)| format!("{count} x {error}"));
        let errors = errors.collect::<Vec<_>>().join(", ");
        let met = self.criteria.iter().map(|criterion| {
            let verdict = if criterion.met { "met" } else { "NOT MET" };
            let Criterion {
                name, found, limit, ..
            } = criterion;
            format!("{name}: {found:.1}, at most {limit:.1}: {verdict}")
        });
        let facts = format!(
            "longest time without an answer {:.0} ms, {} sent again, {} accepted and not waited for, {} of them lost{}",
            self.gap_ms_max,
            self.resent,
            self.accepted,
            self.lost,
            if errors.is_empty() {
                String::new()
            } else {
                format!("\nerrors: {errors}")
            }
        );
        let table = render::plain(header.map(str::to_owned).into(), rows, true);
        [self.heading(), table, facts]
            .into_iter()
            .chain(met)
            .collect::<Vec<_>>()
            .join("\n")
    }
}
