//! Jobs: submit, read, follow, cancel.

pub mod artifact;
mod artifact_content;
pub mod artifacts;
pub mod batch;
mod batch_key;
pub mod cancel;
pub mod events;
pub mod evidence;
pub mod facts;
pub mod lineage;
pub mod list;
mod new_job;
pub mod pause;
pub mod retry;
mod room;
pub mod show;
pub mod signal;
pub mod stream;
pub mod submit;
pub mod tasks;
pub mod view;
pub mod why;
