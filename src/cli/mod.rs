//! The command line: one file a command. Results go to stdout, everything else to stderr; exit codes are 0 for success, 1
//! for failure, 2 for input that cannot be accepted and 130 for an interruption.

mod approvals;
mod audit;
mod backup;
mod batch;
mod bench;
mod cancel;
mod check_config;
mod child;
mod claim;
mod client;
mod command;
mod effects;
mod evidence;
mod failure;
mod follow;
mod health;
mod input;
mod job;
mod jobs;
mod keys;
mod kinds;
mod launch;
mod listener;
mod listing;
mod loadtest;
mod market;
mod migrate;
mod openapi;
mod progress;
mod render;
mod run;
mod serve;
mod settings;
mod signal;
mod sse;
mod steer;
mod submit;
mod supervision;
mod terminal;
mod top;
mod verify_crash;
mod watch;
mod why;

pub use command::main;
