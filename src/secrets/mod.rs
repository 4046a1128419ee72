//! Secrets of the configuration, fetched from where they are when they are needed.

mod reveal;
mod vault;

pub use reveal::{SecretError, reveal};
