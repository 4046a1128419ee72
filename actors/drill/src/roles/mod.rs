pub mod collector;
pub mod effector;
pub mod planner;
pub mod runner;
pub mod waiter;
