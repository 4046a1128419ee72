//! Keys, users, sessions and roles. Every change is one transaction with what the audit log is told of it, and counts the
//! version up by which those who keep answers learn that they are stale.

mod change;
mod keys;
mod roles;
mod sessions;
#[cfg(test)]
mod tests;
mod users;

pub use change::AuthStore;
pub use keys::{KeyRow, KnownKey};
pub use roles::{Removal, RoleRow};
pub use sessions::{KnownSession, Refresh, SessionRow, Tokens};
pub use users::UserRow;
