//! The supervision tree: as it is, what happened to it, what happens, and stepping in at a crew.

pub mod crew;
pub mod events;
pub mod operate;
pub mod stream;
pub mod tree;
