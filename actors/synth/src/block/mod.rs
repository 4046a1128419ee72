//! One block of transactions: the lives of its customers over the whole period, in order of time.

mod build;
mod row;

pub use build::Block;
pub use row::NOBODY;
