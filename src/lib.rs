//! Callboard: a durable, supervised job server for multi-agent work.

pub mod audit;
pub mod auth;
pub mod boot;
pub mod cache;
pub mod checkpoints;
pub mod config;
pub mod console;
pub mod denials;
pub mod filter;
pub mod health;
pub mod http;
pub mod limits;
pub mod outbound;
pub mod packs;
pub mod prices;
pub mod redis_link;
pub mod retention;
pub mod secrets;
pub mod shutdown;
pub mod spans;
pub mod store;
pub mod supervision;
pub mod telemetry;
pub mod tls;
pub mod webhooks;
pub mod ws;
