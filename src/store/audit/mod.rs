//! The audit log in SQL: records chained by the store's writer, in the transaction of what they record.

mod append;
mod filtered;
mod heads;
mod history;
mod log;
mod prune;
mod read;
mod redact;
mod sign;
mod sound;
mod switch;
#[cfg(test)]
mod tampering;
#[cfg(test)]
mod tests;
mod verify;

pub use append::append;
pub use filtered::AUDIT_RECORDS;
pub use heads::{Head, Heads, LostChains};
pub use log::{AuditError, AuditLog, AuditPolicy, AuditQuery, AuditRow};
pub use read::kept;
pub use redact::Redaction;
pub use switch::AuditSwitch;
pub use verify::{VerifyError, verify_audit};
