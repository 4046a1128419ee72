//! The audit log as evidence: how records are hashed into a chain, how a chain is signed, and how both are checked.
//!
//! Nothing here knows the store or the server: whoever holds an export checks it with the same code. `docs/audit.md`
//! describes every form exactly.

mod anchors;
mod checkpoint;
mod evidence;
mod export;
mod file;
mod finding;
mod hash;
mod key;
mod record;
mod verifier;

pub use anchors::{Anchor, Anchors, AnchorsError};
pub use checkpoint::{Checkpoint, CheckpointBody, CheckpointKind};
pub use evidence::{Bundle, BundledRecord, Statement, Wrong};
pub use export::{Line, record_line};
pub use finding::{ChainSummary, Fault, Finding, Verdict};
pub use hash::{canonical, sha256_hex};
pub use key::{KeyBody, KeyError, PublishedKey, SigningKey};
pub use record::{
    ADDRESS, Body, DETAILS, Draft, Field, GENESIS, PRINCIPAL, REQUEST_ID, RecordId, Sealed,
};
pub use verifier::Verifier;
