//! `callboard audit`: verify, export, rotate-key.

mod command;
mod export;
mod rotate_key;
mod verify;

pub use command::{Args, audit};
