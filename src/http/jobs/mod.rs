//! Jobs: submit, read, follow, cancel.

pub mod artifact;
pub mod artifacts;
pub mod cancel;
pub mod events;
pub mod facts;
pub mod list;
mod prefer;
pub mod show;
pub mod stream;
pub mod submit;
pub mod tasks;
pub mod view;
