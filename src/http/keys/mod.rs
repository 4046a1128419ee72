//! API keys.

pub mod create;
pub mod grant;
pub mod list;
pub mod revoke;
pub mod rotate;
pub mod show;
mod tenant;
mod view;
