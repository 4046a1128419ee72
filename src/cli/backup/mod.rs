//! `callboard backup` and `callboard restore`: one file with the database as of one moment, the artifacts, and a manifest
//! that says what belongs to it. `callboard move`: from a SQLite file to PostgreSQL.

mod archive;
mod manifest;
mod relocate;
mod restore;
mod save;

pub use relocate::{MoveArgs, relocate};
pub use restore::{RestoreArgs, restore};
pub use save::{BackupArgs, backup};
