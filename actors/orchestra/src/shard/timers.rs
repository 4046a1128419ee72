//! One heap for every deadline, retry and snooze of a shard's jobs. Entries of jobs that have ended do no harm.

use std::{cmp::Reverse, collections::BinaryHeap};

use callboard_runtime::{ResidentContext, Timer};

use super::{Shard, ShardMessage};
use crate::{
    id::{JobId, TaskId},
    time::Timestamp,
};

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Alarm {
    Wake { job: JobId, task: TaskId },
    Expire { job: JobId },
}

#[derive(Default)]
pub(super) struct Timers {
    heap: BinaryHeap<Reverse<(Timestamp, Alarm)>>,
    armed: Option<(Timestamp, Timer)>,
}

impl Timers {
    pub(super) fn wake(&mut self, at: Timestamp, job: JobId, task: TaskId) {
        self.heap.push(Reverse((at, Alarm::Wake { job, task })));
    }

    pub(super) fn expire(&mut self, at: Timestamp, job: JobId) {
        self.heap.push(Reverse((at, Alarm::Expire { job })));
    }

    pub(super) fn pop_due(&mut self, now: Timestamp) -> Option<Alarm> {
        let Reverse((at, _)) = self.heap.peek()?;
        if *at > now {
            return None;
        }
        self.heap.pop().map(|Reverse((_, alarm))| alarm)
    }

    /// Forgets the timer that has just fired.
    pub(super) fn fired(&mut self) {
        self.armed = None;
    }

    /// Sees to it that the shard hears of the earliest alarm.
    pub(super) fn arm(&mut self, now: Timestamp, ctx: &mut ResidentContext<Shard>) {
        let Some(Reverse((at, _))) = self.heap.peek() else {
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
