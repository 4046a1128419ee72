//! The language of `filter=`: `state in ('failed', 'cancelled') and labels.team = 'core' and not kind starts 'drill.'`.
//!
//! A text is parsed against the schema of a resource into a typed tree. The tree is compiled to an expression of
//! sea-query, in which every value is a bound parameter, or evaluated in memory; both choose the same rows. What a row
//! does not have equals nothing and compares with nothing, so that `!=`, `!in` and `!like` hold of it.

mod ast;
mod compile;
mod error;
mod evaluate;
mod parse;
mod schema;
#[cfg(test)]
pub mod strategy;
mod token;

pub use ast::{Comparison, Filter, Node, Term, Test, Value};
pub use error::FilterError;
pub use parse::parse;
pub use schema::{Field, Kind, Schema};
