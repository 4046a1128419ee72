//! From a profile to rows that follow it: block by block, so that any range of rows can be made alone.

mod block;
mod copula;
mod imitation;
mod lines;
mod marginal;

pub use imitation::{IMITATION_ROWS_MAX, Imitation};
