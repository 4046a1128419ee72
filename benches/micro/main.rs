//! Micro-benches of the parts that every job passes. `callboard bench` measures the whole.

mod crew;
mod journal;
mod machine;

use criterion::{criterion_group, criterion_main};

criterion_group!(micro, machine::bench, journal::bench, crew::bench);
criterion_main!(micro);
