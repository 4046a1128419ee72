//! Users: people who log in with a password.

pub mod change;
pub mod create;
pub mod list;
mod owned;
pub mod password;
pub mod remove;
mod view;
