//! The tables as sea-orm entities.

pub mod approval;
pub mod bar;
pub mod effect;
pub mod idempotency_key;
pub mod job;
pub mod job_event;
pub mod job_snapshot;
pub mod price_import;
pub mod store_epoch;
pub mod supervision_event;
