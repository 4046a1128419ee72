//! Approvals: what tasks ask of people, and the answers.

pub mod decide;
pub mod list;
pub mod show;
pub mod view;
