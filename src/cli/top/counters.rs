//! What is read of `GET /metrics`: the process itself, and how many jobs it has ended.

use callboard_orchestra::Timestamp;

use super::plain::plain;

const BUILD: &str = "callboard_build_info";
const READY: &str = "callboard_ready";
const LIVE: &str = "callboard_live_jobs";
const LIVE_MAX: &str = "callboard_live_jobs_max";
const TASKS: &str = "callboard_unfinished_tasks";
const TASKS_MAX: &str = "callboard_unfinished_tasks_max";
const ENDED: &str = "callboard_jobs_total";
const STARTED: &str = "process_start_time_seconds";

/// Figures of the process that answers, over all tenants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counters {
    pub version: String,
    pub is_ready: bool,
    pub live_jobs: u64,
    pub live_jobs_max: u64,
    pub unfinished_tasks: u64,
    pub unfinished_tasks_max: u64,
    /// Jobs that have ended since the process started.
    pub ended: u64,
    pub started_at: Option<Timestamp>,
}

/// One line of the Prometheus text format.
struct Sample<'a> {
    name: &'a str,
    labels: &'a str,
    value: f64,
}

impl<'a> Sample<'a> {
    fn of(line: &'a str) -> Option<Self> {
        let (series, value) = line.rsplit_once(' ')?;
        let (name, labels) = series.split_once('{').unwrap_or((series, ""));
        let value = value.parse().ok()?;
        Some(Self {
            name,
            labels,
            value,
        })
    }

    fn label(&self, key: &str) -> Option<&'a str> {
        let (_, rest) = self.labels.split_once(&format!("{key}=\""))?;
        Some(rest.split_once('"')?.0)
    }
}

impl Counters {
    /// Reads the Prometheus text format; None when it is not that of this server.
    pub fn read(text: &str) -> Option<Self> {
        let samples: Vec<Sample<'_>> = text
            .lines()
            .filter(|line| !line.starts_with('#'))
            .filter_map(Sample::of)
            .collect();
        let find = |name: &str| samples.iter().find(|sample| sample.name == name);
        let whole = |name: &str| find(name).map(|sample| sample.value as u64);
        let ended = samples.iter().filter(|sample| sample.name == ENDED);
        Some(Self {
            version: plain(find(BUILD)?.label("version")?),
            is_ready: whole(READY)? == 1,
            live_jobs: whole(LIVE)?,
            live_jobs_max: whole(LIVE_MAX)?,
            unfinished_tasks: whole(TASKS)?,
            unfinished_tasks_max: whole(TASKS_MAX)?,
            ended: ended.map(|sample| sample.value as u64).sum(),
            started_at: find(STARTED)
                .map(|sample| Timestamp::from_millis((sample.value * 1e3) as i64)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = r#"# HELP callboard_jobs_total Jobs that have ended
# TYPE callboard_jobs_total counter
callboard_jobs_total{kind="drill.fanout",state="succeeded"} 41
callboard_jobs_total{kind="a b",state="failed"} 1

callboard_build_info{version="0.1.0"} 1
callboard_ready 1
callboard_live_jobs 3
callboard_live_jobs_max 250000
callboard_unfinished_tasks 12
callboard_unfinished_tasks_max 1000000
process_start_time_seconds 1795303517
"#;

    #[test]
    fn figures_are_read_from_the_text_format() {
        let counters = Counters {
            version: "0.1.0".to_owned(),
            is_ready: true,
            live_jobs: 3,
            live_jobs_max: 250_000,
            unfinished_tasks: 12,
            unfinished_tasks_max: 1_000_000,
            ended: 42,
            started_at: Some(Timestamp::from_millis(1_795_303_517_000)),
        };
        assert_eq!(Counters::read(TEXT), Some(counters));
    }

    #[test]
    fn the_text_of_another_server_has_no_figures() {
        assert_eq!(Counters::read("<html>"), None);
        assert_eq!(Counters::read(&TEXT.replace("callboard_ready", "up")), None);
    }
}
