//! What goes in and out of a crew.

use std::num::NonZeroU32;
use std::time::Duration;

use serde::{Serialize, Serializer};
use tokio::time::Instant;

/// Identity of a task. A task offered twice under one key is done once.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize)]
pub struct TaskKey {
    /// On whose behalf; the breaker wants failures of different sources. Serialised as 32 hexadecimal digits.
    #[serde(serialize_with = "hexadecimal")]
    pub source: u128,
    pub number: u64,
    /// Which handing out of it: a task offered anew after its owner gave it up is another task to the crew.
    #[serde(skip)]
    pub dispatch: u64,
}

fn hexadecimal<S: Serializer>(source: &u128, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&format_args!("{source:032x}"))
}

/// Who offered a task and hears what becomes of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct OwnerId(pub u32);

/// A worker of a crew and which instance it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
pub struct WorkerId {
    pub index: u32,
    pub generation: u64,
}

/// A fairness class, such as a tenant: classes take turns, in each of which a class gives as many tasks as its weight.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    pub class: u64,
    pub weight: NonZeroU32,
}

impl From<u64> for Share {
    fn from(class: u64) -> Self {
        Self {
            class,
            weight: NonZeroU32::MIN,
        }
    }
}

/// A task for a crew.
#[derive(Clone, Debug)]
pub struct Offer<T> {
    pub key: TaskKey,
    pub owner: OwnerId,
    pub share: Share,
    /// 0 to 9, higher first; above 9 counts as 9.
    pub priority: u8,
    /// From being handed to a worker to its result.
    pub timeout: Duration,
    pub task: T,
}

/// What a crew tells an owner.
#[derive(Clone, Debug)]
pub enum Notice<O> {
    Started {
        key: TaskKey,
        worker: WorkerId,
    },
    Progress {
        key: TaskKey,
        done: u64,
        total: u64,
    },
    /// Kept by the crew until [`Crew::acknowledge`](crate::Crew::acknowledge).
    Finished(Report<O>),
    /// The crew does not hold this task.
    Refused {
        key: TaskKey,
        refusal: Refusal,
    },
    /// After a refusal for want of room, or while draining: offer again.
    Room,
}

/// How one task ended.
#[derive(Clone, Debug)]
pub struct Report<O> {
    pub key: TaskKey,
    /// None when no worker had it.
    pub worker: Option<WorkerId>,
    /// In the queue, before a worker had it.
    pub waited: Duration,
    /// Since it was handed to the worker.
    pub elapsed: Duration,
    pub ended: Instant,
    pub outcome: Result<O, Fault>,
}

/// Why there is no output.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Fault {
    #[error("panicked: {0}")]
    Panicked(String),
    /// Withdrawn, or another task of the same worker panicked and the role asks for `abort_inflight`.
    #[error("aborted")]
    Aborted,
    #[error("timed out")]
    Timeout,
    #[error("gave no sign of life")]
    Stalled,
    /// The worker died, which says nothing about the task.
    #[error("worker lost")]
    WorkerLost,
}

/// Why a task was not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Refusal {
    /// No room in the queue or in its share; `Room` follows.
    #[error("no room in the queue")]
    Busy,
    #[error("breaker open for {retry_after:?}")]
    BreakerOpen { retry_after: Duration },
    #[error("draining")]
    Draining,
}

/// One task that a crew holds for an owner.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Holding {
    pub key: TaskKey,
    pub state: HoldingState,
}

/// Where a held task is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HoldingState {
    Queued,
    InHand(WorkerId),
    /// Finished, not acknowledged.
    Held,
}
