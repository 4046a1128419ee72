//! Records that wait to be committed.
//!
//! A record whose job will bring another one at once is held back for a moment, so that a short job is written once and
//! not step by step. Nobody waits for such a record.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    time::Duration,
};

use tokio::{sync::oneshot, time::Instant};

use super::Append;
use crate::{id::JobId, journal::BATCH_RECORDS_MAX};

/// The longest time that a record is held back.
const HELD_BACK_MAX: Duration = Duration::from_millis(2);

pub(super) enum Item {
    Append(Box<Append>),
    Settle(oneshot::Sender<()>),
}

#[derive(Default)]
pub(super) struct Queue {
    due: VecDeque<Item>,
    held_back: HashMap<JobId, HeldBack>,
    /// Who was held back when, oldest first. A job that has been released since is here still.
    order: VecDeque<(Instant, JobId)>,
}

/// Records of one job, in their order.
struct HeldBack {
    since: Instant,
    appends: Vec<Item>,
}

impl Queue {
    pub fn append(&mut self, append: Box<Append>, now: Instant) {
        let job = append.record.job;
        if !append.more_to_come {
            self.release(job);
            return self.due.push_back(Item::Append(append));
        }
        let held_back = self.held_back.entry(job).or_insert_with(|| {
            self.order.push_back((now, job));
            HeldBack {
                since: now,
                appends: Vec::new(),
            }
        });
        held_back.appends.push(Item::Append(append));
    }

    /// Everything appended before is due.
    pub fn settle(&mut self, settled: oneshot::Sender<()>) {
        for (_, job) in std::mem::take(&mut self.order) {
            self.release(job);
        }
        self.due.push_back(Item::Settle(settled));
    }

    /// How much waits for nothing but its commit.
    pub fn due(&self) -> usize {
        self.due.len()
    }

    /// What is due at `now`, at most a batch.
    pub fn take(&mut self, now: Instant) -> Vec<Item> {
        while let Some((since, job)) = self.order.front().copied()
            && since + HELD_BACK_MAX <= now
        {
            self.order.pop_front();
            let is_same = |held_back: &HeldBack| held_back.since == since;
            if self.held_back.get(&job).is_some_and(is_same) {
                self.release(job);
            }
        }
        let batch = self.due.len().min(BATCH_RECORDS_MAX);
        self.due.drain(..batch).collect()
    }

    /// When something will be due; never later than it is.
    pub fn next(&self) -> Option<Instant> {
        self.order.front().map(|(since, _)| *since + HELD_BACK_MAX)
    }

    /// Drops what was appended in these lives of jobs; dropped, it reports itself as failed.
    pub fn drop_lives(&mut self, lives: &HashSet<(JobId, u64)>) {
        let stays = |item: &Item| match item {
            Item::Append(append) => !lives.contains(&(append.record.job, append.receipt.life)),
            Item::Settle(_) => true,
        };
        self.due.retain(stays);
        for held_back in self.held_back.values_mut() {
            held_back.appends.retain(stays);
        }
    }

    fn release(&mut self, job: JobId) {
        let released = self.held_back.remove(&job);
        self.due
            .extend(released.into_iter().flat_map(|held_back| held_back.appends));
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::{
        journal::{Record, conformance},
        writer::SettledSink,
    };

    fn append(record: Record, more_to_come: bool) -> Box<Append> {
        let sink = SettledSink {
            shard: 0,
            tell: Arc::new(|_| {}),
        };
        Box::new(Append::new(record, 1, sink, more_to_come))
    }

    fn seqs(items: Vec<Item>) -> Vec<(JobId, u64)> {
        let appends = items.into_iter().filter_map(|item| match item {
            Item::Append(append) => Some((append.record.job, append.record.first_seq)),
            Item::Settle(_) => None,
        });
        appends.collect()
    }

    fn job() -> (JobId, Vec<Record>) {
        let records = conformance::whole_job(&crate::Tenant::default());
        assert!(records.len() > 2);
        (records[0].job, records)
    }

    #[test]
    fn a_job_is_due_as_one_when_no_more_is_to_come() {
        let (now, mut queue) = (Instant::now(), Queue::default());
        let ((one, ones), (other, others)) = (job(), job());
        queue.append(append(ones[0].clone(), true), now);
        queue.append(append(others[0].clone(), true), now);
        assert!(queue.take(now).is_empty());
        queue.append(append(ones[1].clone(), false), now);
        let taken = seqs(queue.take(now));
        assert_eq!(taken, [(one, ones[0].first_seq), (one, ones[1].first_seq)]);
        let taken = seqs(queue.take(now + HELD_BACK_MAX));
        assert_eq!(taken, [(other, others[0].first_seq)]);
        assert_eq!(queue.next(), None);
    }

    #[test]
    fn nothing_is_held_back_longer_than_its_first_record_may_be() {
        let (now, mut queue) = (Instant::now(), Queue::default());
        let (one, ones) = job();
        queue.append(append(ones[0].clone(), true), now);
        queue.append(append(ones[1].clone(), true), now + HELD_BACK_MAX / 2);
        assert_eq!(queue.next(), Some(now + HELD_BACK_MAX));
        let taken = seqs(queue.take(now + HELD_BACK_MAX));
        assert_eq!(taken, [(one, ones[0].first_seq), (one, ones[1].first_seq)]);
    }

    #[test]
    fn a_job_held_back_anew_has_its_whole_time() {
        let (now, mut queue) = (Instant::now(), Queue::default());
        let (_, ones) = job();
        queue.append(append(ones[0].clone(), true), now);
        queue.append(append(ones[1].clone(), false), now);
        let again = now + HELD_BACK_MAX / 2;
        queue.append(append(ones[2].clone(), true), again);
        assert_eq!(queue.take(now + HELD_BACK_MAX).len(), 2);
        assert_eq!(queue.take(again + HELD_BACK_MAX).len(), 1);
    }

    #[test]
    fn whoever_settles_waits_for_what_is_held_back() {
        let (now, mut queue) = (Instant::now(), Queue::default());
        let (_, ones) = job();
        queue.append(append(ones[0].clone(), true), now);
        queue.settle(oneshot::channel().0);
        let taken = queue.take(now);
        assert!(matches!(taken[..], [Item::Append(_), Item::Settle(_)]));
    }

    #[test]
    fn a_life_that_lost_a_record_loses_what_is_held_back() {
        let (now, mut queue) = (Instant::now(), Queue::default());
        let (one, ones) = job();
        queue.append(append(ones[0].clone(), true), now);
        queue.drop_lives(&HashSet::from([(one, 1)]));
        assert!(queue.take(now + HELD_BACK_MAX).is_empty());
    }
}
