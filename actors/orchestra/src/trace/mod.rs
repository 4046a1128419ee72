//! What distributed traces need of jobs: where a job and its attempts stand in a trace, and what is told of them when they
//! end. Ids of spans follow from what they are of, so that a job goes on in its trace after a restart.

mod attempt;
mod context;
mod ended;

pub use attempt::current;
pub(crate) use attempt::within;
pub use context::{BadTraceparent, TraceContext};
pub use ended::{Ended, EndedAttempt, EndedJob, TellEnded};
