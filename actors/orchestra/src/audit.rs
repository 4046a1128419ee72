//! What the audit log is told.

use serde_json::{Map, Value};

use crate::{author::Author, id::Tenant, time::Timestamp};

/// One thing that somebody did or was refused.
#[derive(Debug, Clone, PartialEq)]
pub struct AuditEntry {
    pub tenant: Tenant,
    pub at: Timestamp,
    pub author: Author,
    /// Dotted, in the past tense: `job.submitted`, `key.revoked`, `permission.denied`.
    pub action: &'static str,
    /// Id of what it is about.
    pub subject: Option<String>,
    /// What else there is to know; never a secret.
    pub details: Map<String, Value>,
}
