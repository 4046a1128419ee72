//! `callboard bench`: a server of its own in another process, driven over HTTP sockets from this one. Every answer is
//! checked. The server knows nothing of being measured: it has its defaults, and only documented interfaces are used.
//! Beside each figure stands what the machine itself does at most, measured in the same round.

mod child;
mod command;
mod connection;
mod cost;
mod database;
mod drive;
mod limit;
mod machine;
mod measure;
mod plan;
mod report;
mod site;
mod table;
mod vitals;
mod wal;
mod workload;

pub use command::{Args, bench};
