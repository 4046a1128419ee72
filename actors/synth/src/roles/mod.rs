//! The roles of the pack.

mod fit_auditor;
mod fit_planner;
mod fit_reporter;
mod fitter;
mod generator;
mod imitator;
mod manifest;
mod planner;
mod validator;

pub use fit_auditor::FitAuditor;
pub use fit_planner::FitPlanner;
pub use fit_reporter::{FitReporter, Portrait};
pub use fitter::Fitter;
pub use generator::Generator;
pub use imitator::Imitator;
pub use manifest::Archivist;
pub use planner::Planner;
pub use validator::Validator;
