//! Removes what has been kept long enough: jobs that have ended with all that belongs to them, supervision events,
//! snapshots that nobody will read, artifacts that no job refers to.

mod artifacts;
mod policy;
mod pruner;
mod rows;

pub use policy::RetentionPolicy;
pub use pruner::{Pruned, Pruner};
