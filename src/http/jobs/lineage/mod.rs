//! What the facts of a job rest on, as a graph.

mod graph;
pub mod show;
