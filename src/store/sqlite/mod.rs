//! SQLite: connections, the writing statements, checkpoints.

mod checkpoint;
mod commit;
mod connection;
mod script;

pub use checkpoint::Checkpointer;
pub use commit::commit;
pub use connection::{SqliteFile, last_pos};
