//! PostgreSQL: connections, the writing statement, the lock that says who owns the database.

mod commit;
mod connection;
mod guard;
#[cfg(test)]
mod ordeal;
#[cfg(test)]
pub(super) mod testing;

pub use commit::commit;
pub use connection::{PgServer, last_pos};
pub use guard::{Guard, Hold};
