//! The work of a role: what a crew's workers do with one task.

use std::future::Future;
use std::rc::Rc;
use std::sync::Arc;

use crate::compute::ComputePool;
use crate::crew::{TaskKey, WorkerId};
use crate::exit::SCOPE;
use crate::pulse::{CancelFlag, Pulse};

/// What the workers of a crew do. One instance serves all tasks that its worker has in hand; it need not be `Send`.
pub trait Work: 'static {
    type Task: Send + 'static;
    /// Cloned once: the crew keeps the result until it is acknowledged. Wrap what is large in an `Arc`.
    type Output: Clone + Send + 'static;

    /// Performs one task. A panic ends this task only and replaces the instance; dropping the future is how a task is
    /// cancelled, so nothing may be left half done across an `await` that a retry could not repeat.
    fn run(
        self: Rc<Self>,
        task: Self::Task,
        ctx: WorkContext,
    ) -> impl Future<Output = Self::Output>;

    /// Whether an output counts against the breaker as a panic does, because something that the work depends on does not
    /// answer.
    fn is_failure(_output: &Self::Output) -> bool {
        false
    }
}

/// Where a task tells its crew that there is progress to look at.
pub(crate) trait ProgressLine: Send + Sync {
    fn progressed(&self, slot: usize, ticket: u64);
}

/// What a task may ask of the runtime. Clones speak for the same task.
#[derive(Clone)]
pub struct WorkContext {
    pub(crate) key: TaskKey,
    pub(crate) worker: WorkerId,
    pub(crate) slot: usize,
    pub(crate) ticket: u64,
    pub(crate) pulse: Arc<Pulse>,
    pub(crate) line: Arc<dyn ProgressLine>,
    pub(crate) compute: Arc<ComputePool>,
}

impl WorkContext {
    pub fn key(&self) -> TaskKey {
        self.key
    }

    pub fn worker(&self) -> WorkerId {
        self.worker
    }

    /// A sign of life that others may watch. Passed on at most once per 100 ms; the last one always is.
    pub fn progress(&self, done: u64, total: u64) {
        if self.pulse.progress(done, total) {
            self.line.progressed(self.slot, self.ticket);
        }
    }

    /// A sign of life: the task is not stalled.
    pub fn heartbeat(&self) {
        self.pulse.beat();
    }

    /// Set when the task times out, stalls, is withdrawn or aborted.
    pub fn cancelled(&self) -> CancelFlag {
        CancelFlag::of(self.pulse.clone())
    }

    /// Runs `f` on a thread for computations, of which a universe uses one fewer than there are cores. The flag given
    /// to `f` is also set when the returned future is dropped. A panic in `f` resumes in the awaiting task.
    pub async fn compute<T: Send + 'static>(
        &self,
        f: impl FnOnce(&CancelFlag) -> T + Send + 'static,
    ) -> T {
        let (flag, _set_on_drop) = self.cancelled().part();
        let scope = SCOPE.try_with(Clone::clone).ok();
        self.compute
            .run(move || match scope {
                Some(scope) => SCOPE.sync_scope(scope, || f(&flag)),
                None => f(&flag),
            })
            .await
    }
}
