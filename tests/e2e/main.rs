//! The whole server over real sockets and a real store.

#![cfg(test)]
#![expect(
    clippy::disallowed_methods,
    reason = "clients of a test are tasks that nobody supervises"
)]

mod advice;
mod anomalies;
mod app;
mod approvals;
mod artifacts;
mod audit;
mod audit_chain;
mod auth;
mod backup;
mod batch;
mod cli;
mod client;
mod console;
mod corpus;
mod crash;
mod departure;
mod edge;
mod effects;
mod eventually;
mod filter;
mod health;
mod hostile;
mod idempotency;
mod jobs;
mod keyed;
mod limits;
mod lineage;
mod market;
mod moving;
mod neighbours;
mod openapi;
mod operate;
mod over_http2;
mod peer;
#[path = "../../src/store/postgres/testing.rs"]
mod postgres;
mod ranges;
mod raw;
mod redis;
mod refusal;
mod socket;
mod steering;
mod storm;
mod stream;
mod supervision;
mod synth;
mod traces;
mod turns;
mod usage;
mod wait;
mod watchers;
mod weather;
mod webhooks;
mod why;
