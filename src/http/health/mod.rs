//! Whether the server is alive, ready and well.

mod parts;
pub mod probe;
pub mod report;
