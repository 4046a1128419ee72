//! `callboard backup` and `callboard restore`: one file with the database as of one moment, the artifacts, and a manifest
//! that says what belongs to it.

mod archive;
mod manifest;
mod restore;
mod save;

pub use restore::{RestoreArgs, restore};
pub use save::{BackupArgs, backup};
