//! What a tenant has of what it may have.

pub mod show;
