//! The audit log as evidence: how records are hashed into a chain, how a chain is signed, and how both are checked.
//!
//! Nothing here knows the store or the server: whoever holds an export checks it with the same code. `docs/audit.md`
//! describes every form exactly.

mod hash;
mod record;

pub use hash::{canonical, sha256_hex};
pub use record::{
    ADDRESS, Body, DETAILS, Draft, Field, GENESIS, PRINCIPAL, REQUEST_ID, Sealed, seq_of, shown,
};
