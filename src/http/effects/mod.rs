//! The effect ledger: attempts that act outside, and what people find out about those whose outcome is unknown.

pub mod list;
pub mod resolve;
pub mod show;
pub mod view;
