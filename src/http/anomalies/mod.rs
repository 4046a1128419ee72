//! What is higher than usual.

pub mod list;
