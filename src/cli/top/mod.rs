//! `callboard top`: the supervision tree, its queues and the newest jobs of a server, in a terminal.
//!
//! `poll` asks the server, `model` keeps what is known of it and what the reader chose to see, `keys` says what a key means,
//! and `view` draws. Only `poll` knows HTTP and only `screen` the terminal. Text of the server goes through `plain`.

mod command;
mod counters;
#[cfg(test)]
mod fixture;
mod job_row;
mod keys;
mod live;
mod model;
mod node_row;
mod pane;
mod part;
mod picture;
mod plain;
mod poll;
mod screen;
mod span;
mod throughput;
mod trouble;
mod view;

pub use command::{Args, top};
