//! The job machine: commands in, events and effects out, state by folding events. Pure and synchronous.

pub mod command;
mod effect;
mod event;
mod fold;
mod ledger;
mod standing;
mod state;
mod step;
mod task;
mod transition;
mod wave;

pub use command::{
    Command, Decision, Moment, PlanError, Refused, Resolution, Submit, TASKS_MAX, submit,
};
pub use effect::Effect;
pub use event::{Consented, EVENTS_VERSION, JobEvent, ResolutionKind, TaskEntry};
pub use fold::{FoldError, Job};
#[cfg(feature = "test-util")]
pub(crate) use ledger::enter as enter_asides;
pub(crate) use standing::Ending;
pub use state::{JobState, WaitReason};
pub use step::{Step, end_attempt, step};
pub use task::{Consent, Intent, Stage, Task, TaskState, Wait};
