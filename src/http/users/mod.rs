//! Users: people who log in with a password.

pub mod create;
pub mod list;
pub mod password;
mod view;
