//! The tables as sea-orm entities.

pub mod api_key;
pub mod approval;
pub mod audit_checkpoint;
pub mod audit_key;
pub mod audit_record;
pub mod auth_change;
pub mod bar;
pub mod effect;
pub mod idempotency_key;
pub mod job;
pub mod job_event;
pub mod job_snapshot;
pub mod price_import;
pub mod pruned_tenant;
pub mod refresh_token;
pub mod role;
pub mod session;
pub mod store_epoch;
pub mod supervision_event;
pub mod user;
pub mod webhook_delivery;
pub mod webhook_endpoint;
