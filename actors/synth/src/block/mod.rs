//! One block of transactions: the lives of its customers over the whole period, in order of time.

mod bill;
mod build;
mod episode;
mod fraud;
mod journey;
mod life;
mod price;
mod row;

pub use build::Block;
pub use row::NOBODY;
