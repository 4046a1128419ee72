//! The audit log in SQL: records chained by the store's writer, in the transaction of what they record.

mod append;
mod heads;
mod read;
mod switch;

pub use append::append;
pub use heads::{Head, Heads};
pub use read::{kept, kept_after};
pub use switch::AuditSwitch;
