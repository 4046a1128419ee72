//! What the clients keep: what they submitted and what they were told.

use std::{
    collections::{BTreeMap, BTreeSet, HashSet},
    path::Path,
};

use serde_json::{Value, json};

use super::{dice::Dice, ledger::Class};

/// A job to submit: `drill.effects`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Work {
    pub tasks: u32,
    pub once: u32,
    pub keyed: u32,
    pub work_ms: u64,
}

impl Work {
    /// Mostly small jobs with an effect of each class, some without, some wide.
    pub fn draw(dice: &mut Dice) -> Self {
        let tasks = match dice.below(10) {
            0 => 24,
            1 => 1,
            _ => 4,
        };
        let once = dice.below(3);
        Self {
            tasks: tasks.max(once + 1),
            once,
            keyed: u32::from(tasks > once + 1 && dice.below(2) == 0),
            work_ms: u64::from(dice.below(8)),
        }
    }

    pub fn input(self, ledger: &Path) -> Value {
        let Self {
            tasks,
            once,
            keyed,
            work_ms,
        } = self;
        json!({"ledger": ledger, "tasks": tasks, "once": once, "keyed": keyed, "work_ms": work_ms})
    }

    /// How many of its tasks are of each class.
    pub fn executions(self) -> [(Class, u32); 3] {
        let idempotent = self.tasks - self.once - self.keyed;
        [
            (Class::Idempotent, idempotent),
            (Class::Keyed, self.keyed),
            (Class::Once, self.once),
        ]
    }

    /// The sum of its tasks' numbers, 1 to `tasks`: each was counted once.
    pub fn result(self) -> Value {
        let tasks = u64::from(self.tasks);
        json!({"tasks": tasks, "sum": tasks * (tasks + 1) / 2})
    }
}

/// One submission under one idempotency key.
#[derive(Debug, Clone)]
pub struct Entry {
    pub work: Work,
    /// Every job that an answer named; more than one is a violation.
    pub jobs: BTreeSet<String>,
    /// Times it was asked again because no answer came.
    pub asked_again: u32,
}

#[derive(Debug, Default)]
pub struct Book {
    pub entries: BTreeMap<String, Entry>,
    /// Accepted or seen, and not seen to end.
    pub live: HashSet<String>,
    /// What the server refused although it should not have.
    pub refused: Vec<String>,
}

impl Book {
    pub fn submitting(&mut self, key: &str, work: Work) {
        let entry = Entry {
            work,
            jobs: BTreeSet::new(),
            asked_again: 0,
        };
        self.entries.insert(key.to_owned(), entry);
    }

    pub fn asked_again(&mut self, key: &str) {
        if let Some(entry) = self.entries.get_mut(key) {
            entry.asked_again += 1;
        }
    }

    /// An answer named the job of a key. `has_ended` says whether its end was seen before.
    pub fn accepted(&mut self, key: &str, job: &str, has_ended: bool) {
        let Some(entry) = self.entries.get_mut(key) else {
            return;
        };
        if entry.jobs.insert(job.to_owned()) && !has_ended {
            self.live.insert(job.to_owned());
        }
    }

    pub fn accepted_jobs(&self) -> usize {
        self.entries.values().filter(|e| !e.jobs.is_empty()).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_drawn_job_leaves_room_for_its_effects() {
        let mut dice = Dice::new(3);
        for _ in 0..1_000 {
            let work = Work::draw(&mut dice);
            assert!(work.once + work.keyed < work.tasks, "{work:?}");
        }
    }

    #[test]
    fn a_second_job_for_a_key_is_kept_beside_the_first() {
        let mut book = Book::default();
        book.submitting("k", Work::draw(&mut Dice::new(1)));
        book.accepted("k", "job_1", false);
        book.accepted("k", "job_2", true);
        assert_eq!(book.entries["k"].jobs.len(), 2);
        assert_eq!(book.live.len(), 1);
    }
}
