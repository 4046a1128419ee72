//! /v1/webhooks

pub mod create;
pub mod deliveries;
pub mod list;
pub mod show;
pub mod view;
