//! `callboard verify-crash`: kills real servers under load and judges from outside what became of their work.
//!
//! Children serve over real sockets on a store of their own; their jobs append to a ledger that no server reads. Clients,
//! a watcher and a human play on while the server is killed and started again. At the end a judge compares what clients
//! were told, what the watcher saw, what the ledger holds and what the server says.

mod api;
mod book;
mod chains;
mod command;
mod database;
mod dice;
mod gather;
mod human;
mod judge;
mod kills;
mod ledger;
mod load;
mod report;
mod resume;
mod watcher;

pub use command::{Args, verify_crash};
