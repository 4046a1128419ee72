//! Keys, users, sessions and roles. Every change is one transaction with what the audit log is told of it. One that makes
//! answers wrong counts up the version, by which those who keep answers learn it.

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
pub use users::{UserChange, UserRow};
