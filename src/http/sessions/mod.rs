//! Logging in with a password, for pages.

mod cookies;
pub mod login;
pub mod logout;
pub mod refresh;

pub use cookies::{ACCESS_COOKIE, access_token};
