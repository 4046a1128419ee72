//! Results as people read them.

mod comparison;
mod dataset;
mod result;
mod table;

pub use result::result;
pub use table::plain;
