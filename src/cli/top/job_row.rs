//! Jobs as rows.

use std::time::Duration;

use callboard::http::JobView;
use callboard_orchestra::{Timestamp, job::JobState};
use chrono::{DateTime, Utc};

use super::pane::Order;
use crate::cli::job;

/// Digits at the end of an id that tell jobs apart on one screen: those before are the time.
const SHORT_ID_DIGITS: usize = 8;

/// One job as it was when the server was asked.
#[derive(Debug, Clone)]
pub struct JobRow {
    pub job: JobView,
    /// Since it was submitted.
    pub age: Option<Duration>,
    /// From its start to its end, or until it was asked for.
    pub took: Option<Duration>,
}

/// How jobs are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum JobOrder {
    #[default]
    Newest,
    /// Jobs that have not ended first.
    State,
    Kind,
    /// The longest first.
    Took,
}

impl Order for JobOrder {
    type Row = JobRow;

    fn name(self) -> &'static str {
        match self {
            Self::Newest => "newest",
            Self::State => "state",
            Self::Kind => "kind",
            Self::Took => "took",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Newest => Self::State,
            Self::State => Self::Kind,
            Self::Kind => Self::Took,
            Self::Took => Self::Newest,
        }
    }

    fn sort(self, rows: &mut [&JobRow]) {
        let rank = |state: JobState| JobState::ALL.iter().position(|other| *other == state);
        match self {
            Self::Newest => {}
            Self::State => rows.sort_by_key(|row| rank(row.job.state.0)),
            Self::Kind => rows.sort_by(|a, b| a.job.kind.cmp(&b.job.kind)),
            Self::Took => rows.sort_by_key(|row| std::cmp::Reverse(row.took)),
        }
    }

    fn id(row: &JobRow) -> String {
        row.job.id.to_string()
    }

    fn text(row: &JobRow) -> String {
        let JobView {
            id, kind, tenant, ..
        } = &row.job;
        let labels = row.job.labels.iter();
        let labels: Vec<String> = labels
            .map(|(key, value)| format!("{key}={value}"))
            .collect();
        let (state, note) = (row.job.state.0.name(), row.note().unwrap_or_default());
        format!("{id} {kind} {tenant} {state} {note} {}", labels.join(" "))
    }
}

impl JobRow {
    pub fn of(job: JobView, now: Timestamp) -> Self {
        let instant = |text: &Option<String>| text.as_deref().and_then(read);
        let (started, finished) = (instant(&job.started_at), instant(&job.finished_at));
        Self {
            age: read(&job.created_at).map(|created| now.since(created)),
            took: started.map(|started| finished.unwrap_or(now).since(started)),
            job,
        }
    }

    /// The end of its id.
    pub fn short_id(&self) -> String {
        let id = self.job.id.to_string();
        id[id.len().saturating_sub(SHORT_ID_DIGITS)..].to_owned()
    }

    /// What it waits for, or why it failed.
    pub fn note(&self) -> Option<String> {
        let error = self.job.error.as_ref();
        match (&self.job.waiting_for, error) {
            (Some(waiting), _) => Some(format!("waits for {}", job::awaited(waiting))),
            (None, Some(error)) => Some(format!("{}: {}", error.code, error.message)),
            (None, None) => None,
        }
    }
}

fn read(text: &str) -> Option<Timestamp> {
    let at = DateTime::parse_from_rfc3339(text).ok()?;
    Some(Timestamp::from(at.with_timezone(&Utc)))
}
