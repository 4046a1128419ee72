//! One queue for every deadline, retry and snooze of a shard's jobs.

use std::collections::{BTreeSet, HashMap};

use callboard_runtime::{ResidentContext, Timer};

use super::{Shard, ShardMessage};
use crate::{
    id::{JobId, TaskId},
    time::Timestamp,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    Wake {
        job: JobId,
        task: TaskId,
    },
    Expire {
        job: JobId,
    },
    /// A parked job is needed.
    Rouse {
        job: JobId,
    },
}

#[derive(Default)]
pub(super) struct Timers {
    alarms: BTreeSet<(Timestamp, Alarm)>,
    /// The alarms of each job, to forget them with it.
    by_job: HashMap<JobId, Vec<(Timestamp, Alarm)>>,
    armed: Option<(Timestamp, Timer)>,
}

impl Timers {
    pub(super) fn wake(&mut self, at: Timestamp, job: JobId, task: TaskId) {
        self.set(at, job, Alarm::Wake { job, task });
    }

    pub(super) fn expire(&mut self, at: Timestamp, job: JobId) {
        self.set(at, job, Alarm::Expire { job });
    }

    pub(super) fn rouse(&mut self, at: Timestamp, job: JobId) {
        self.set(at, job, Alarm::Rouse { job });
    }

    pub(super) fn has_any(&self, job: JobId) -> bool {
        self.by_job.contains_key(&job)
    }

    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<Alarm> {
        let first = self.alarms.first().filter(|(at, _)| *at <= now).copied()?;
        self.alarms.remove(&first);
        let (_, alarm) = first;
        let (Alarm::Wake { job, .. } | Alarm::Expire { job } | Alarm::Rouse { job }) = alarm;
        if let Some(alarms) = self.by_job.get_mut(&job) {
            alarms.retain(|alarm| *alarm != first);
            if alarms.is_empty() {
                self.by_job.remove(&job);
            }
        }
        Some(alarm)
    }

    /// The job has ended or is read again: its alarms are void.
    pub(super) fn forget(&mut self, job: JobId) {
        for alarm in self.by_job.remove(&job).unwrap_or_default() {
            self.alarms.remove(&alarm);
        }
    }

    fn set(&mut self, at: Timestamp, job: JobId, alarm: Alarm) {
        if self.alarms.insert((at, alarm)) {
            self.by_job.entry(job).or_default().push((at, alarm));
        }
    }

    /// Forgets the timer that has just fired.
    pub(super) fn fired(&mut self) {
        self.armed = None;
    }

    /// Sees to it that the shard hears of the earliest alarm.
    pub(super) fn arm(&mut self, now: Timestamp, ctx: &mut ResidentContext<Shard>) {
        let Some((at, _)) = self.alarms.first() else {
            return;
        };
        if self
            .armed
            .as_ref()
            .is_some_and(|(armed_at, _)| armed_at <= at)
        {
            return;
        }
        let timer = ctx.after(at.since(now), ShardMessage::Due);
        if let Some((_, late)) = self.armed.replace((*at, timer)) {
            late.cancel();
        }
    }
}
