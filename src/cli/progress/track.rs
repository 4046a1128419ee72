//! Folds the frames of a job's stream into what is shown. Frames it does not know are passed over, so that it can follow
//! servers of other releases.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt,
};

use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

/// The planning task of every job.
const PLAN: u32 = 0;

#[derive(Deserialize)]
struct Frame<'a> {
    #[serde(rename = "type")]
    name: &'a str,
    #[serde(borrow)]
    data: &'a RawValue,
}

impl Frame<'_> {
    fn read<T: DeserializeOwned>(&self) -> Option<T> {
        serde_json::from_str(self.data.get()).ok()
    }
}

#[derive(Deserialize)]
struct Entry {
    id: u32,
    name: String,
}

#[derive(Deserialize)]
struct Planning {
    task: Entry,
}

#[derive(Deserialize)]
struct Planned {
    tasks: Vec<Entry>,
    aggregate: Option<Entry>,
    check: Option<Entry>,
}

#[derive(Deserialize)]
struct OfTask {
    task: u32,
}

#[derive(Deserialize)]
struct Cause {
    message: String,
}

#[derive(Deserialize)]
struct Trouble {
    task: Option<u32>,
    #[serde(alias = "cause")]
    failure: Cause,
}

#[derive(Deserialize)]
struct Cancelled {
    reason: String,
}

#[derive(Deserialize)]
struct Counted {
    task: u32,
    done: u64,
    total: u64,
}

/// The role whose progress is counted in rows.
const ROWS_ROLE: &str = "synth.generator";

/// A task that a worker has in hand.
#[derive(Deserialize)]
pub struct Running {
    task: u32,
    name: String,
    role: String,
    attempt: u32,
    worker: u32,
    #[serde(skip)]
    counted: Option<(u64, u64)>,
}

impl Running {
    /// Rows made and rows to make, where it makes rows.
    fn rows(&self) -> Option<(u64, u64)> {
        self.counted.filter(|_| self.role == ROWS_ROLE)
    }
}

impl fmt::Display for Running {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({} {})", self.name, self.role, self.worker)?;
        if self.attempt > 1 {
            write!(f, " attempt {}", self.attempt)?;
        }
        match self.counted {
            Some((done, total)) => write!(f, " {done}/{total}"),
            None => Ok(()),
        }
    }
}

/// A job as far as its frames have been heard.
#[derive(Default)]
pub struct Track {
    state: String,
    names: BTreeMap<u32, String>,
    done: BTreeSet<u32>,
    running: BTreeMap<u32, Running>,
    /// Rows of the tasks that have made them all.
    rows_done: u64,
}

/// Whether a frame is the last of its job.
pub fn is_final(frame: &str) -> bool {
    let name = serde_json::from_str::<Frame<'_>>(frame).map(|frame| frame.name.to_owned());
    name.is_ok_and(|name| {
        matches!(
            name.as_str(),
            "job.succeeded" | "job.failed" | "job.cancelled"
        )
    })
}

impl Track {
    pub fn state(&self) -> &str {
        &self.state
    }

    /// Tasks that have succeeded.
    pub fn done(&self) -> u32 {
        u32::try_from(self.done.len()).unwrap_or(u32::MAX)
    }

    /// Tasks known so far.
    pub fn total(&self) -> u32 {
        u32::try_from(self.names.len()).unwrap_or(u32::MAX)
    }

    /// Rows made so far; 0 of a job that makes none.
    pub fn rows(&self) -> u64 {
        let made = self.running.values().filter_map(Running::rows);
        self.rows_done + made.map(|(done, _)| done).sum::<u64>()
    }

    pub fn running(&self) -> impl Iterator<Item = (u32, &Running)> {
        self.running.iter().map(|(task, running)| (*task, running))
    }

    /// Takes in a frame; answers with a line about it when it is worth one.
    pub fn hear(&mut self, text: &str) -> Option<String> {
        let frame: Frame<'_> = serde_json::from_str(text).ok()?;
        match frame.name {
            "job.planning" => {
                self.learn([frame.read::<Planning>()?.task]);
                self.enter("planning")
            }
            "job.planned" => {
                let planned: Planned = frame.read()?;
                self.learn(
                    planned
                        .tasks
                        .into_iter()
                        .chain(planned.aggregate)
                        .chain(planned.check),
                );
                // The plan is itself the success of the planning task, and the job runs from here on.
                self.running.remove(&PLAN);
                self.done.insert(PLAN);
                self.enter("running");
                Some(format!("planned: {} tasks", self.total()))
            }
            "tasks.added" => {
                self.learn(frame.read::<Planned>()?.tasks);
                Some(format!("plan grown: {} tasks", self.total()))
            }
            "task.running" => {
                let running: Running = frame.read()?;
                if !self.done.contains(&running.task) {
                    self.running.insert(running.task, running);
                }
                None
            }
            "task.progress" => {
                let Counted { task, done, total } = frame.read()?;
                self.running.get_mut(&task)?.counted = Some((done, total));
                None
            }
            "task.succeeded" => {
                let OfTask { task } = frame.read()?;
                let ended = self.running.remove(&task);
                self.rows_done += ended
                    .and_then(|running| running.rows())
                    .map_or(0, |(_, total)| total);
                self.done.insert(task);
                Some(format!(
                    "{} succeeded ({}/{})",
                    self.name(task),
                    self.done(),
                    self.total()
                ))
            }
            "task.retried" => self.trouble(&frame, "failed and is tried again"),
            "task.failed" => self.trouble(&frame, "failed"),
            "task.snoozed" => self.put_back(&frame, "waits"),
            "task.released" => self.put_back(&frame, "is released"),
            "job.failed" => {
                self.enter("failed");
                Some(format!(
                    "job failed: {}",
                    frame.read::<Trouble>()?.failure.message
                ))
            }
            "job.cancelled" => {
                self.enter("cancelled");
                Some(format!(
                    "job cancelled: {}",
                    frame.read::<Cancelled>()?.reason
                ))
            }
            name => self.enter(name.strip_prefix("job.")?),
        }
    }

    fn learn(&mut self, entries: impl IntoIterator<Item = Entry>) {
        self.names
            .extend(entries.into_iter().map(|entry| (entry.id, entry.name)));
    }

    fn name(&self, task: u32) -> String {
        self.names
            .get(&task)
            .cloned()
            .unwrap_or_else(|| format!("task {task}"))
    }

    fn enter(&mut self, state: &str) -> Option<String> {
        state.clone_into(&mut self.state);
        Some(format!("job {state}"))
    }

    fn trouble(&mut self, frame: &Frame<'_>, what: &str) -> Option<String> {
        let Trouble { task, failure } = frame.read()?;
        let task = task?;
        self.running.remove(&task);
        Some(format!("{} {what}: {}", self.name(task), failure.message))
    }

    fn put_back(&mut self, frame: &Frame<'_>, what: &str) -> Option<String> {
        let OfTask { task } = frame.read()?;
        self.running.remove(&task);
        Some(format!("{} {what}", self.name(task)))
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn heard(frames: &[(&str, Value)]) -> (Track, Vec<String>) {
        let mut track = Track::default();
        let frames = frames
            .iter()
            .map(|(name, data)| json!({"seq": 1, "type": name, "data": data}).to_string());
        let lines = frames.filter_map(|frame| track.hear(&frame)).collect();
        (track, lines)
    }

    fn running(task: u32) -> (&'static str, Value) {
        (
            "task.running",
            json!({"task": task, "name": "a", "role": "r", "attempt": 2, "worker": 1}),
        )
    }

    #[test]
    fn a_plan_sets_the_total_and_a_success_counts_once() {
        let (track, lines) = heard(&[
            ("job.planning", json!({"task": {"id": 0, "name": "plan"}})),
            (
                "job.planned",
                json!({"tasks": [{"id": 1, "name": "a"}], "aggregate": {"id": 2, "name": "sum"}}),
            ),
            ("task.succeeded", json!({"task": 1})),
            ("task.succeeded", json!({"task": 1})),
        ]);
        assert_eq!(
            (track.done(), track.total(), track.state()),
            (2, 3, "running")
        );
        assert_eq!(lines[1..3], ["planned: 3 tasks", "a succeeded (2/3)"]);
    }

    #[test]
    fn a_task_runs_from_its_tick_to_its_end() {
        let (track, _) = heard(&[
            running(1),
            ("task.progress", json!({"task": 1, "done": 3, "total": 8})),
        ]);
        assert_eq!(
            track.running().next().unwrap().1.to_string(),
            "a (r 1) attempt 2 3/8"
        );
        let failed = (
            "task.retried",
            json!({"task": 1, "attempt": 1, "cause": {"kind": "panicked", "message": "no"}}),
        );
        let (track, lines) = heard(&[running(1), failed]);
        assert_eq!(
            (track.running().count(), lines),
            (0, vec!["task 1 failed and is tried again: no".to_owned()])
        );
    }

    #[test]
    fn rows_are_those_of_ended_tasks_and_of_running_ones_so_far() {
        let generating = |task: u32| {
            let data =
                json!({"task": task, "name": "a", "role": ROWS_ROLE, "attempt": 1, "worker": 1});
            ("task.running", data)
        };
        let counted = |task: u32, done: u64| {
            (
                "task.progress",
                json!({"task": task, "done": done, "total": 100}),
            )
        };
        let (track, _) = heard(&[
            generating(1),
            counted(1, 40),
            generating(2),
            counted(2, 30),
            running(3),
            counted(3, 7),
            ("task.succeeded", json!({"task": 1})),
        ]);
        assert_eq!(track.rows(), 130);
    }

    #[test]
    fn a_tick_that_comes_after_the_success_is_passed_over() {
        let (track, _) = heard(&[("task.succeeded", json!({"task": 1})), running(1)]);
        assert_eq!(track.running().count(), 0);
    }

    #[test]
    fn the_end_of_a_job_is_told_with_its_cause() {
        let (track, lines) = heard(&[(
            "job.failed",
            json!({"failure": {"kind": "domain", "message": "too dear"}}),
        )]);
        assert_eq!(
            (track.state(), lines),
            ("failed", vec!["job failed: too dear".to_owned()])
        );
        assert!(is_final(r#"{"type":"job.cancelled","data":{}}"#));
        assert!(!is_final(r#"{"type":"task.failed","data":{}}"#));
    }

    #[test]
    fn what_is_not_known_is_passed_over() {
        let (_, lines) = heard(&[
            ("weather.changed", json!(null)),
            ("task.succeeded", json!({"task": "x"})),
        ]);
        assert!(lines.is_empty());
        assert_eq!(Track::default().hear("not json"), None);
    }
}
