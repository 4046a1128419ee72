//! `callboard loadtest`: asks a running server on a schedule that does not wait for answers, counts latency from the moment
//! a request was due, and judges the answers against the criteria of a profile and against an earlier run.

mod command;
mod compare;
mod criteria;
mod drive;
mod exchange;
mod page;
mod profile;
mod questions;
mod report;
mod stock;
mod summary;
mod tally;

pub use command::{Args, loadtest};
