//! Cancel: the job ends now; what crews hold of it is withdrawn.

use super::Applied;
use crate::job::{Effect, JobEvent};

pub(super) fn apply(reason: String) -> Applied {
    Applied {
        events: vec![JobEvent::JobCancelled { reason }],
        effects: vec![Effect::End],
    }
}
