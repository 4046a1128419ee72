//! Synthetic rows on request: small answers from a cache, long ones as streams.

mod columns;
mod generation;
mod lines;
mod query;
pub mod rows;
mod sending;

pub use generation::Generation;
