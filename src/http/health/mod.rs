//! Whether the server is alive, ready and well.

pub mod probe;
pub mod report;
