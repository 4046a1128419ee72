//! The tables as sea-orm entities.

pub mod bar;
pub mod idempotency_key;
pub mod job;
pub mod job_event;
pub mod price_import;
pub mod store_epoch;
pub mod supervision_event;
