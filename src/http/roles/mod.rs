//! Roles: those that every tenant has, and those that the tenant defines.

pub mod list;
pub mod put;
pub mod remove;
mod view;
