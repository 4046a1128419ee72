//! How soon a job that was in hand when its server was killed goes on under the next one.

use std::{
    cell::{Cell, RefCell},
    collections::HashSet,
    time::{Duration, Instant},
};

use callboard_orchestra::Timestamp;

use super::api::Event;

/// What a server notes of a job as it reads it again is no step of the job.
const NO_STEPS: [&str; 5] = [
    "effect.unknown",
    "job.recovered",
    "job.waiting",
    "task.quarantined",
    "task.released",
];

/// One restart.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Restart {
    /// From the start of the process to its listener's answer.
    pub started_in: Duration,
    /// Jobs that were live at the kill, as far as clients knew.
    pub stuck: usize,
    /// From there to the first step of a job that was live at the kill; None when there was none.
    pub resumed_in: Option<Duration>,
}

#[derive(Default)]
pub struct Resume {
    awaited: RefCell<HashSet<String>>,
    /// Events of the dead server bear no later time than this.
    killed_at: RefCell<String>,
    up: Cell<Option<Instant>>,
    restarts: RefCell<Vec<Restart>>,
}

impl Resume {
    /// A server was killed at this moment, with these jobs live.
    pub fn killed(&self, live: HashSet<String>) {
        *self.awaited.borrow_mut() = live;
        *self.killed_at.borrow_mut() = Timestamp::now().rfc3339();
        self.up.set(None);
    }

    /// Its successor answers.
    pub fn up(&self, at: Instant, started_in: Duration) {
        self.up.set(Some(at));
        self.restarts.borrow_mut().push(Restart {
            started_in,
            stuck: self.awaited.borrow().len(),
            resumed_in: None,
        });
    }

    /// An event has been seen.
    pub fn hear(&self, event: &Event) {
        let is_step = !NO_STEPS.contains(&event.name.as_str());
        let Some(up) = self.up.get().filter(|_| is_step) else {
            return;
        };
        // RFC 3339 in UTC with milliseconds sorts as text.
        let is_new = event.at > *self.killed_at.borrow();
        if is_new && self.awaited.borrow().contains(&event.job) {
            if let Some(restart) = self.restarts.borrow_mut().last_mut() {
                restart.resumed_in = Some(up.elapsed());
            }
            self.up.set(None);
        }
    }

    pub fn restarts(&self) -> Vec<Restart> {
        self.restarts.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn event(job: &str, name: &str, at: &str) -> Event {
        Event {
            seq: 1,
            name: name.to_owned(),
            at: at.to_owned(),
            job: job.to_owned(),
        }
    }

    #[test]
    fn only_a_step_of_a_stuck_job_under_the_new_server_counts() {
        let resume = Resume::default();
        let resumed = || resume.restarts()[0].resumed_in.is_some();
        resume.killed(HashSet::from(["job_1".to_owned()]));
        resume.up(Instant::now(), Duration::ZERO);
        let (past, future) = ("2020-01-01T00:00:00.000Z", "2999-01-01T00:00:00.000Z");
        resume.hear(&event("job_1", "task.succeeded", past));
        resume.hear(&event("job_2", "task.succeeded", future));
        resume.hear(&event("job_1", "job.recovered", future));
        assert!(!resumed());
        resume.hear(&event("job_1", "task.succeeded", future));
        assert!(resumed());
        assert_eq!(resume.restarts()[0].stuck, 1);
    }
}
