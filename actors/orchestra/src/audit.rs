//! What the audit log is told.
//!
//! A caller's command is described when it is given, and becomes an entry of the record that it leads to. What the house
//! itself decides about an approval is told in the name of the server.

use serde_json::{Map, Value, json};
use sha2::{Digest, Sha256};

use crate::{
    author::Author,
    id::{JobId, Tenant},
    job::{Command, Decision},
    journal::{ApprovalState, Asides},
    payload::Payload,
    time::Timestamp,
};

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

/// An entry as the audit log keeps it.
#[derive(Debug, Clone, PartialEq)]
pub struct KeptEntry {
    /// Place in the chain of its tenant, from 1.
    pub seq: u64,
    pub at: Timestamp,
    /// None once it is redacted.
    pub principal: Option<String>,
    pub action: String,
    pub subject: Option<String>,
    /// Without what is redacted.
    pub details: Map<String, Value>,
}

/// What a caller asked for, until it is known when it took effect.
#[derive(Debug)]
pub(crate) struct Deed {
    author: Author,
    action: &'static str,
    subject: String,
    details: Map<String, Value>,
}

impl Deed {
    pub(crate) fn submission(author: Author, kind: &str, input: &Payload) -> Self {
        Self {
            author,
            action: "job.submitted",
            subject: String::new(),
            details: map([("kind", json!(kind)), ("input_sha256", sha256(input))]),
        }
    }

    pub(crate) fn about(mut self, job: JobId) -> Self {
        self.subject = job.to_string();
        self
    }

    /// None of a command that no caller gives.
    pub(crate) fn command(author: Author, job: JobId, command: &Command) -> Option<Self> {
        let (action, subject, details) = match command {
            Command::Cancel { reason } => (
                "job.cancelled",
                job.to_string(),
                map([("reason", json!(reason))]),
            ),
            Command::Pause { reason } => (
                "job.paused",
                job.to_string(),
                map([("reason", json!(reason))]),
            ),
            Command::Resume { reason } => (
                "job.resumed",
                job.to_string(),
                map([("reason", json!(reason))]),
            ),
            Command::Retry => ("job.retried", job.to_string(), Map::new()),
            Command::Signal { name, payload } => (
                "job.signalled",
                job.to_string(),
                map([("name", json!(name)), ("payload_sha256", sha256(payload))]),
            ),
            Command::Decide {
                approval,
                decision,
                reason,
                ..
            } => {
                let decision = match decision {
                    Decision::Approve => ApprovalState::Approved,
                    Decision::Reject => ApprovalState::Rejected,
                };
                (
                    APPROVAL_DECIDED,
                    approval.to_string(),
                    decided(job, decision, reason.as_deref()),
                )
            }
            Command::Resolve {
                effect,
                resolution,
                reason,
                ..
            } => (
                "effect.resolved",
                effect.to_string(),
                map([
                    ("job", json!(job)),
                    ("resolution", json!(resolution.kind())),
                    ("reason", json!(reason)),
                ]),
            ),
            Command::TaskFinished { .. }
            | Command::TaskFailed { .. }
            | Command::TaskSpoiled { .. }
            | Command::TaskSnoozed { .. }
            | Command::ApprovalNeeded { .. }
            | Command::SignalNeeded { .. }
            | Command::Start { .. }
            | Command::Release { .. }
            | Command::Wake { .. }
            | Command::Adopt { .. }
            | Command::Expire => return None,
        };
        Some(Self {
            author,
            action,
            subject,
            details,
        })
    }
}

const APPROVAL_DECIDED: &str = "approval.decided";

/// What a record tells the audit log: the deed that led to it, and approvals that no person decided.
pub(crate) fn entries(
    tenant: &Tenant,
    at: Timestamp,
    deed: Option<Deed>,
    asides: &Asides,
) -> Vec<AuditEntry> {
    let deed = deed.map(|deed| AuditEntry {
        tenant: tenant.clone(),
        at,
        author: deed.author,
        action: deed.action,
        subject: Some(deed.subject),
        details: deed.details,
    });
    let lapsed = asides
        .approvals
        .iter()
        .filter(|row| matches!(row.state, ApprovalState::Expired | ApprovalState::Withdrawn));
    let lapsed = lapsed.map(|row| AuditEntry {
        tenant: tenant.clone(),
        at,
        author: Author::system(),
        action: APPROVAL_DECIDED,
        subject: Some(row.id.to_string()),
        details: decided(row.job, row.state, row.reason.as_deref()),
    });
    deed.into_iter().chain(lapsed).collect()
}

fn decided(job: JobId, decision: ApprovalState, reason: Option<&str>) -> Map<String, Value> {
    map([
        ("job", json!(job)),
        ("decision", json!(decision.name())),
        ("reason", json!(reason)),
    ])
}

/// Details without those that there are not.
fn map<const N: usize>(details: [(&str, Value); N]) -> Map<String, Value> {
    let known = details.into_iter().filter(|(_, value)| !value.is_null());
    known
        .map(|(name, value)| (name.to_owned(), value))
        .collect()
}

/// SHA-256 of a payload's text, in hex.
fn sha256(payload: &Payload) -> Value {
    Value::String(hex::encode(Sha256::digest(payload.text())))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::ApprovalId;

    #[test]
    fn what_nobody_asked_for_is_no_deed() {
        let told = Deed::command(Author::anonymous(), JobId::mint(), &Command::Expire);
        assert!(told.is_none());
    }

    #[test]
    fn a_decision_names_its_approval_and_its_job() {
        let (job, approval) = (JobId::mint(), ApprovalId::mint());
        let command = Command::Decide {
            approval,
            decision: Decision::Reject,
            by: "ann".to_owned(),
            reason: None,
        };
        let deed = Deed::command(Author::of("user:ann"), job, &command);
        let tenant = Tenant::default();
        let at = Timestamp::from_millis(7);
        let told = entries(&tenant, at, deed, &Asides::default()).remove(0);
        assert_eq!(
            (told.action, &*told.author.principal),
            ("approval.decided", "user:ann")
        );
        assert_eq!(told.subject, Some(approval.to_string()));
        let details = json!({"job": job, "decision": "rejected"});
        assert_eq!(Value::Object(told.details), details);
    }

    #[test]
    fn the_hash_of_an_input_is_that_of_its_text() {
        let input = Payload::from_text("{}".to_owned()).unwrap();
        let expected = "44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a";
        assert_eq!(sha256(&input), json!(expected));
    }
}
