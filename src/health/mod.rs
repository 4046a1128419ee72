//! How well the parts of the server are: what is found of each, and what follows for the whole.
//!
//! The parts that answer for themselves are asked in `http::health`; here are those that nobody else looks after: the
//! machine, and servers that this one asks.

mod finding;
mod machine;
mod memory;
mod provider;

pub use finding::{Component, Finding, Status, check, overall};
pub use machine::{Machine, disk, memory};
pub use memory::Memory;
pub use provider::{Provider, Providers};
