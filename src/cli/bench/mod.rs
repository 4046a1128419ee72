//! `callboard bench`: a server of its own in another process, driven over HTTP sockets from this one. Every answer is
//! checked. The server knows nothing of being measured: it has its defaults, and only documented interfaces are used.
//! Beside each figure stands what the machine itself does at most, measured in the same round.

mod child;
mod command;
pub mod connection;
mod cost;
mod database;
pub mod drive;
mod limit;
pub mod machine;
pub mod measure;
mod plan;
mod report;
mod site;
mod table;
mod vitals;
mod wal;
pub mod workload;

pub use command::{Args, bench};
