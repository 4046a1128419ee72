//! What the runtime promises, each promise as a test that names it.

#![expect(clippy::unwrap_used, reason = "a helper that fails fails its test")]

mod abort;
mod bounds;
mod breaker;
mod compute;
mod crew;
mod desk;
mod drill;
mod escalation;
mod intervention;
mod memory;
mod panics;
mod resident;
mod shells;
mod strategy;
mod threads;
mod tree;
