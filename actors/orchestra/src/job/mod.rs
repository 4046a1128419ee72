//! The job machine: commands in, events and effects out, state by folding events. Pure and synchronous.

pub mod command;
mod effect;
mod event;
mod fold;
mod state;
mod task;
mod wave;

pub use command::{Applied, Command, Moment, PlanError, Refused, Submit, TASKS_MAX, apply, submit};
pub use effect::Effect;
pub use event::{EVENTS_VERSION, JobEvent, TaskEntry};
pub use fold::{FoldError, Job};
pub use state::{JobState, WaitReason};
pub use task::{Stage, Task, TaskState};
