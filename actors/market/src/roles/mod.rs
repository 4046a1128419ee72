pub mod analyst;
pub mod auditor;
pub mod correlator;
pub mod planner;
pub mod reporter;
