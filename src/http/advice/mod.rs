//! What costs most, and what could be done about it.

pub mod show;
