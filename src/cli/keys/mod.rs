//! `callboard keys`: the first key beside a store, the others through a server.

mod bootstrap;
mod command;
mod remote;

pub use command::{Args, keys};
