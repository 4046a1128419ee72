//! `callboard launch`: owns the listening socket, runs a server on it, starts it again when it dies, and replaces it on
//! SIGHUP while connections wait in the kernel. It knows nothing of jobs and never touches the store.

mod again;
mod command;
mod orders;
mod replace;
mod server;

pub use command::{Args, launch};
