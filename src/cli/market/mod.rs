//! `callboard market`: prices of the market pack.

mod command;
mod import;

pub use command::{Args, market};
