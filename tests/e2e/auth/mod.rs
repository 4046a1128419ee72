//! Who may do what.

mod bootstrap;
mod keys;
mod limits;
mod permissions;
mod roles;
mod sessions;
mod streams;
mod tenants;
mod tokens;
mod users;

use crate::app::{Setup, TestApp};

/// A server that asks who calls.
pub async fn guarded() -> TestApp {
    TestApp::start_with(Setup {
        auth: true,
        ..Setup::default()
    })
    .await
}
