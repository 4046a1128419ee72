//! The tables as sea-orm entities.

pub mod approval;
pub mod bar;
pub mod effect;
pub mod idempotency_key;
pub mod job;
pub mod job_event;
pub mod job_snapshot;
pub mod price_import;
pub mod pruned_tenant;
pub mod store_epoch;
pub mod supervision_event;
pub mod webhook_delivery;
pub mod webhook_endpoint;
