//! What the world must do because of an event. Run only after the event is committed; repeating one is harmless.

use crate::{id::TaskId, time::Timestamp};

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// The task may be handed to its crew.
    Offer(TaskId),
    /// The task becomes ready at that instant.
    Wake { task: TaskId, at: Timestamp },
    /// The job fails at that instant unless it has ended.
    Expire { at: Timestamp },
    /// The job is over: whatever crews still hold of it is withdrawn.
    End,
}
