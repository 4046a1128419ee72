//! Kinds of jobs that can be submitted.

pub mod list;
pub mod show;
