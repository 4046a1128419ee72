pub mod aligner;
pub mod analyst;
pub mod auditor;
pub mod correlator;
pub mod planner;
pub mod quoter;
pub mod reporter;
