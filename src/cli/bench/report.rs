//! The figures of a bench, as JSON and as a table.

use std::time::Duration;

use serde::Serialize;

use super::{child::Server, drive::Run};
use crate::cli::{failure::Failure, render};

const PER_JOBS: f64 = 1_000.0;

#[derive(Debug, Serialize)]
pub struct Report {
    pub workload: &'static str,
    /// Time that was measured.
    pub seconds: f64,
    pub connections: u32,
    pub jobs: usize,
    pub jobs_per_s: f64,
    /// One at a time.
    pub latency_ms_p50: Option<f64>,
    pub latency_ms_p99: Option<f64>,
    /// Of the server process.
    pub cpu_s_per_1000_jobs: f64,
    pub rss_mib_max: f64,
    pub driver_cpu_s: f64,
    /// Answers that were wrong or missing, the warm-up's included.
    pub failed: u64,
    /// Time of four tasks side by side over that of one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ratio: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub one_ms: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub four_ms: Option<f64>,
}

impl Report {
    /// `load` gives throughput, `alone` latency; `cpu_s` is that of server and driver during `load`.
    pub fn of(
        workload: &'static str,
        load: &Run,
        alone: &Run,
        cpu_s: (f64, f64),
        server: &Server,
    ) -> Result<Self, Failure> {
        let (jobs, seconds) = (load.latencies.len(), load.elapsed.as_secs_f64());
        if jobs == 0 {
            return Err(Failure::Failed("no job had the right result".to_owned()));
        }
        Ok(Self {
            workload,
            seconds,
            connections: 1,
            jobs,
            jobs_per_s: jobs as f64 / seconds,
            latency_ms_p50: median_ms(&alone.latencies),
            latency_ms_p99: percentile_ms(&alone.latencies, 99),
            cpu_s_per_1000_jobs: cpu_s.0 / jobs as f64 * PER_JOBS,
            rss_mib_max: server.vitals.rss_mib_max(),
            driver_cpu_s: cpu_s.1,
            failed: 0,
            ratio: None,
            one_ms: None,
            four_ms: None,
        })
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a report is plain data")
    }

    pub fn to_table(&self) -> String {
        let figures = [
            ("jobs", Some(self.jobs as f64), 0),
            ("seconds", Some(self.seconds), 1),
            ("connections", Some(f64::from(self.connections)), 0),
            ("jobs/s", Some(self.jobs_per_s), 1),
            ("latency one at a time, p50 ms", self.latency_ms_p50, 2),
            ("latency one at a time, p99 ms", self.latency_ms_p99, 2),
            (
                "server CPU s per 1000 jobs",
                Some(self.cpu_s_per_1000_jobs),
                3,
            ),
            ("server RSS max MiB", Some(self.rss_mib_max), 1),
            ("driver CPU s", Some(self.driver_cpu_s), 2),
            ("one task, median ms", self.one_ms, 1),
            ("four tasks, median ms", self.four_ms, 1),
            ("four over one", self.ratio, 3),
            ("failed", Some(self.failed as f64), 0),
        ];
        let rows = figures.into_iter().filter_map(|(label, figure, digits)| {
            Some(vec![label.to_owned(), format!("{:.digits$}", figure?)])
        });
        render::plain(
            vec![self.workload.to_owned(), String::new()],
            rows.collect(),
            true,
        )
    }
}

pub fn median_ms(latencies: &[Duration]) -> Option<f64> {
    percentile_ms(latencies, 50)
}

/// The smallest latency that is not below `percent` per cent of them (nearest rank).
fn percentile_ms(latencies: &[Duration], percent: usize) -> Option<f64> {
    let mut sorted = latencies.to_vec();
    sorted.sort_unstable();
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted
        .get(rank - 1)
        .map(|latency| latency.as_secs_f64() * 1_000.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_by_nearest_rank() {
        let latencies: Vec<Duration> = (1..=200).rev().map(Duration::from_millis).collect();
        assert_eq!(median_ms(&latencies), Some(100.0));
        assert_eq!(percentile_ms(&latencies, 99), Some(198.0));
        assert_eq!(percentile_ms(&latencies[..1], 99), Some(200.0));
        assert_eq!(median_ms(&[]), None);
    }
}
