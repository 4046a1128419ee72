//! Release: the server stops with the task in hand; the attempt does not count and the next start runs it again.

use super::Applied;
use crate::job::{JobEvent, Task};

pub(super) fn apply(task: &Task) -> Applied {
    Applied {
        events: vec![JobEvent::TaskReleased { task: task.id() }],
        effects: Vec::new(),
    }
}
