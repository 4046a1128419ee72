//! The supervision tree: as it is, what happened to it, and what happens.

pub mod events;
pub mod stream;
pub mod tree;
