pub mod collector;
pub mod planner;
pub mod runner;
