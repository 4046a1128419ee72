//! A record of the audit log as clients see it.

use callboard_orchestra::journal::JournalError;
use serde::Serialize;
use serde_json::{Map, Value};
use utoipa::ToSchema;

use crate::{
    audit::{ADDRESS, Body, DETAILS, Field, PRINCIPAL, REQUEST_ID},
    store::AuditRow,
};

/// One thing that somebody did or was refused.
#[derive(Serialize, ToSchema)]
#[schema(as = AuditRecord)]
pub struct AuditView {
    #[schema(example = "aud_019c8f0e5a7c7d0b8000000000000001")]
    id: String,
    /// Place in the chain of the tenant, from 1.
    pub seq: u64,
    pub at: String,
    #[schema(example = "job.submitted")]
    action: String,
    /// Id of what it is about.
    #[serde(skip_serializing_if = "Option::is_none")]
    subject: Option<String>,
    /// Who it was.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "user:kim")]
    principal: Option<String>,
    /// Where the request came from.
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    request_id: Option<String>,
    #[schema(value_type = Object)]
    details: Map<String, Value>,
    /// Fields whose values were taken out.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    #[schema(example = json!(["author.address"]))]
    redacted: Vec<String>,
    /// SHA-256 over the record and the one before it, in hex.
    hash: String,
}

impl AuditView {
    pub fn of(row: &AuditRow) -> Result<Self, JournalError> {
        let body: Body = serde_json::from_str(&row.body).map_err(|source| JournalError::Store {
            operation: "read an audit record",
            source: source.into(),
        })?;
        let text = |name| body.text(name).map(str::to_owned);
        let (principal, address, request_id) = (text(PRINCIPAL), text(ADDRESS), text(REQUEST_ID));
        let (mut details, mut redacted) = (Map::new(), Vec::new());
        for (name, field) in body.fields {
            match (field, name.strip_prefix(DETAILS)) {
                (Field::Redacted(_), _) => redacted.push(name),
                (Field::Open(open), Some(name)) => {
                    details.insert(name.to_owned(), open.value);
                }
                (Field::Open(_), None) => {}
            }
        }
        Ok(Self {
            id: body.id,
            seq: body.seq,
            at: body.at,
            action: body.action,
            subject: body.subject,
            principal,
            address,
            request_id,
            details,
            redacted,
            hash: row.hash.clone(),
        })
    }
}
