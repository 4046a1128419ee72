//! `callboard bench`: a server of its own in another process, driven over HTTP sockets from this one. Every answer is
//! checked. The server knows nothing of being measured.

mod child;
mod command;
mod connection;
mod drive;
mod report;
mod vitals;

pub use command::{Args, bench};
