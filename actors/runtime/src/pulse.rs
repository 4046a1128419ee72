//! The sign of life of one task in hand, shared by its worker and its crew without a lock.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::Instant;

use crate::event::whole_millis;

pub(crate) struct Pulse {
    started: Instant,
    /// Milliseconds after `started`.
    last_beat_ms: AtomicU64,
    done: AtomicU64,
    total: AtomicU64,
    /// The crew has been told of progress that it has not passed on yet.
    progress_waiting: AtomicBool,
    cancelled: AtomicBool,
    /// The task ends by a decision, not by the death of its worker.
    aborted: AtomicBool,
}

impl Pulse {
    pub(crate) fn new(started: Instant) -> Arc<Self> {
        Arc::new(Self {
            started,
            last_beat_ms: AtomicU64::new(0),
            done: AtomicU64::new(0),
            total: AtomicU64::new(0),
            progress_waiting: AtomicBool::new(false),
            cancelled: AtomicBool::new(false),
            aborted: AtomicBool::new(false),
        })
    }

    pub(crate) fn beat(&self) {
        let elapsed = whole_millis(self.started.elapsed());
        self.last_beat_ms.store(elapsed, Ordering::Release);
    }

    pub(crate) fn last_beat(&self) -> Instant {
        self.started + Duration::from_millis(self.last_beat_ms.load(Ordering::Acquire))
    }

    /// Notes progress; true when the crew must be told to look.
    pub(crate) fn progress(&self, done: u64, total: u64) -> bool {
        self.beat();
        // In this order, so that a reader never sees more done than its total.
        self.total.store(total, Ordering::Relaxed);
        self.done.store(done, Ordering::Release);
        !self.progress_waiting.swap(true, Ordering::AcqRel)
    }

    /// Takes the progress that has not been passed on, as (done, total).
    pub(crate) fn take_progress(&self) -> Option<(u64, u64)> {
        self.progress_waiting
            .swap(false, Ordering::AcqRel)
            .then(|| {
                let done = self.done.load(Ordering::Acquire);
                (done, self.total.load(Ordering::Relaxed))
            })
    }

    pub(crate) fn has_progress(&self) -> bool {
        self.progress_waiting.load(Ordering::Acquire)
    }

    pub(crate) fn cancel(&self) {
        self.cancelled.store(true, Ordering::Release);
    }

    pub(crate) fn abort(&self) {
        self.aborted.store(true, Ordering::Release);
        self.cancel();
    }

    pub(crate) fn is_aborted(&self) -> bool {
        self.aborted.load(Ordering::Acquire)
    }
}

/// Tells work that nobody waits for its result any more. Clones share it.
#[derive(Clone)]
pub struct CancelFlag {
    task: Arc<Pulse>,
    /// Narrower than the task: one computation of it.
    part: Option<Arc<AtomicBool>>,
}

impl CancelFlag {
    pub(crate) fn of(task: Arc<Pulse>) -> Self {
        Self { task, part: None }
    }

    /// A flag that is set with this one, or when the returned guard is dropped.
    pub(crate) fn part(&self) -> (Self, SetOnDrop) {
        let part = Arc::new(AtomicBool::new(false));
        let flag = Self {
            task: self.task.clone(),
            part: Some(part.clone()),
        };
        (flag, SetOnDrop(part))
    }

    /// True once the task timed out, stalled, was withdrawn or aborted. Long work polls this and returns early.
    pub fn is_cancelled(&self) -> bool {
        let part = self.part.as_ref();
        self.task.cancelled.load(Ordering::Acquire)
            || part.is_some_and(|part| part.load(Ordering::Acquire))
    }
}

pub(crate) struct SetOnDrop(Arc<AtomicBool>);

impl Drop for SetOnDrop {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Release);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_crew_is_told_once_until_it_has_looked_and_then_reads_the_last_progress() {
        let pulse = Pulse::new(Instant::now());
        assert!(pulse.progress(1, 10));
        assert!(!pulse.progress(2, 10));
        assert_eq!(pulse.take_progress(), Some((2, 10)));
        assert_eq!(pulse.take_progress(), None);
        assert!(pulse.progress(3, 10));
    }

    #[test]
    fn a_part_is_cancelled_with_its_task_but_not_the_reverse() {
        let pulse = Pulse::new(Instant::now());
        let whole = CancelFlag::of(pulse.clone());
        let (first, guard) = whole.part();
        drop(guard);
        assert!(first.is_cancelled());
        assert!(!whole.is_cancelled());
        let (second, _guard) = whole.part();
        assert!(!second.is_cancelled());
        pulse.cancel();
        assert!(second.is_cancelled());
    }
}
