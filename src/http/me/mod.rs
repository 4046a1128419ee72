//! Callers about themselves.

pub mod password;
pub mod show;
