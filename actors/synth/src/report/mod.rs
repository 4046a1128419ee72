//! The report on what a job has made, for people: one page without scripts.

mod bars;
mod page;

pub use page::page;
