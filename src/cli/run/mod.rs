//! `callboard run`: one job in this process, on a store of its own.

mod artifacts;
mod command;
mod files;
mod folder;
mod follow;
mod prices;

pub use command::{Args, run};
