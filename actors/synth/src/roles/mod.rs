//! The roles of the pack.

mod generator;
mod manifest;
mod planner;
mod validator;

pub use generator::Generator;
pub use manifest::Archivist;
pub use planner::Planner;
pub use validator::Validator;
