//! What came of it, as a table and a last line.

use std::time::Duration;

use super::{
    judge::{Broken, Violation},
    kills::Kills,
    resume::Restart,
};
use crate::cli::render;

/// Violations that are told one by one.
const TOLD_MAX: usize = 20;

#[derive(Debug, Default)]
pub struct Report {
    pub store: &'static str,
    pub seed: u64,
    pub elapsed: Duration,
    pub kills: Kills,
    pub jobs: usize,
    pub executions: usize,
    /// Submissions asked again because no answer had come.
    pub asked_again: u64,
    pub events_watched: u64,
    /// Unknown outcomes of `once` effects that the ledger had.
    pub took_place: u64,
    /// Unknown outcomes of `once` effects that the ledger had not.
    pub run_again: u64,
    pub renewed: u64,
    pub restarts: Vec<Restart>,
    pub violations: Vec<Violation>,
}

impl Report {
    pub fn to_table(&self) -> String {
        let ms = |at: Option<f64>| at.map_or("-".to_owned(), |ms| format!("{ms:.1}"));
        let resumed = self.resumed_ms();
        let started: Vec<f64> = sorted(self.restarts.iter().map(|r| millis(r.started_in)));
        let stuck = self.restarts.iter().map(|r| r.stuck).sum::<usize>();
        let rows = [
            ("store", self.store.to_owned()),
            ("seed", self.seed.to_string()),
            ("seconds", format!("{:.1}", self.elapsed.as_secs_f64())),
            ("servers killed", self.kills.servers.to_string()),
            (
                "of these held at a failpoint",
                self.kills.at_failpoints.to_string(),
            ),
            (
                "databases killed with them",
                self.kills.databases.to_string(),
            ),
            ("jobs accepted", self.jobs.to_string()),
            ("jobs in hand at a kill", stuck.to_string()),
            ("submissions asked again", self.asked_again.to_string()),
            ("executions in the ledger", self.executions.to_string()),
            ("events watched", self.events_watched.to_string()),
            (
                "unknown outcomes that took place",
                self.took_place.to_string(),
            ),
            ("unknown outcomes run again", self.run_again.to_string()),
            ("tasks renewed by the operator", self.renewed.to_string()),
            (
                "start to listening, median ms",
                ms(percentile(&started, 50)),
            ),
            ("start to listening, worst ms", ms(started.last().copied())),
            (
                "listening to first step, median ms",
                ms(percentile(&resumed, 50)),
            ),
            (
                "listening to first step, p99 ms",
                ms(percentile(&resumed, 99)),
            ),
            (
                "listening to first step, worst ms",
                ms(resumed.last().copied()),
            ),
        ];
        let counted = Broken::ALL.map(|broken| (broken.label(), self.count(broken).to_string()));
        let rows = rows.into_iter().chain(counted);
        let rows = rows.map(|(label, figure)| vec![label.to_owned(), figure]);
        let mut text = render::plain(
            vec!["verify-crash".to_owned(), String::new()],
            rows.collect(),
            true,
        );
        for violation in self.violations.iter().take(TOLD_MAX) {
            text.push_str(&format!("\n{violation}"));
        }
        let untold = self.violations.len().saturating_sub(TOLD_MAX);
        if untold > 0 {
            text.push_str(&format!("\nand {untold} more"));
        }
        format!("{text}\n{}", self.summary())
    }

    fn summary(&self) -> String {
        let resumed = self.resumed_ms();
        let first_step = match (percentile(&resumed, 50), resumed.last()) {
            (Some(median), Some(worst)) => {
                format!(
                    "first stuck job goes on after {median:.0} ms (median), {worst:.0} ms (worst)"
                )
            }
            _ => "no job was stuck".to_owned(),
        };
        let verdict = match self.violations.len() {
            0 => "ok".to_owned(),
            1 => "1 VIOLATION".to_owned(),
            many => format!("{many} VIOLATIONS"),
        };
        format!(
            "{}: {} kills ({} with the database), {} jobs, {} lost, {} not ended, {} duplicated, {} doubled once effects, \
             {} unknown outcomes resolved; {first_step}: {verdict}",
            self.store,
            self.kills.servers,
            self.kills.databases,
            self.jobs,
            self.count(Broken::Lost),
            self.count(Broken::NotEnded),
            self.count(Broken::Duplicated),
            self.count(Broken::OnceDoubled),
            self.took_place + self.run_again,
        )
    }

    fn count(&self, broken: Broken) -> usize {
        let of_kind = |violation: &&Violation| violation.broken == broken;
        self.violations.iter().filter(of_kind).count()
    }

    fn resumed_ms(&self) -> Vec<f64> {
        sorted(
            self.restarts
                .iter()
                .filter_map(|r| r.resumed_in.map(millis)),
        )
    }
}

fn millis(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1_000.0
}

fn sorted(figures: impl Iterator<Item = f64>) -> Vec<f64> {
    let mut figures: Vec<f64> = figures.collect();
    figures.sort_by(f64::total_cmp);
    figures
}

/// The smallest that is not below `percent` per cent of them (nearest rank).
fn percentile(sorted: &[f64], percent: usize) -> Option<f64> {
    let rank = (sorted.len() * percent).div_ceil(100).max(1);
    sorted.get(rank - 1).copied()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn restart(resumed_ms: Option<u64>) -> Restart {
        Restart {
            started_in: Duration::from_millis(30),
            stuck: 8,
            resumed_in: resumed_ms.map(Duration::from_millis),
        }
    }

    #[test]
    fn the_last_line_says_everything_in_one() {
        let report = Report {
            store: "sqlite",
            kills: Kills {
                servers: 3,
                databases: 1,
                at_failpoints: 0,
            },
            jobs: 7,
            restarts: vec![restart(Some(9)), restart(None), restart(Some(40))],
            ..Report::default()
        };
        let table = report.to_table();
        assert_eq!(
            table.lines().last().unwrap(),
            "sqlite: 3 kills (1 with the database), 7 jobs, 0 lost, 0 not ended, 0 duplicated, 0 doubled once effects, \
             0 unknown outcomes resolved; first stuck job goes on after 9 ms (median), 40 ms (worst): ok"
        );
    }

    #[test]
    fn violations_are_told_up_to_a_bound_and_all_are_counted() {
        let violation = Violation {
            broken: Broken::Lost,
            what: "job_1".to_owned(),
        };
        let report = Report {
            violations: vec![violation; TOLD_MAX + 2],
            ..Report::default()
        };
        let table = report.to_table();
        assert_eq!(table.matches("lost: job_1").count(), TOLD_MAX);
        assert!(table.contains("\nand 2 more\n"));
        assert!(
            table.ends_with("no job was stuck: 22 VIOLATIONS"),
            "{table}"
        );
    }
}
