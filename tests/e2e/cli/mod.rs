//! The program as a process: what it prints, what it leaves behind, how it ends.

mod bench;
pub mod desk;
mod ground_truth;
mod launch;
mod loadtest;
mod run;
mod server;
mod setup;
mod steering;
mod top;
