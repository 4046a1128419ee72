//! Who did what, as recorded, signed and exported.

pub mod chain;
pub mod checkpoints;
pub mod export;
pub mod keys;
pub mod list;
pub mod redact;
pub mod view;
