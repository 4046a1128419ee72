//! What a client asks for, before it is admitted.

use std::{collections::BTreeMap, time::Duration};

use crate::{
    author::Author, id::Tenant, pack::InvalidInput, payload::Payload, policy::OnExhausted,
    time::Timestamp, trace::TraceContext,
};

pub const PRIORITY_MAX: u8 = 9;
pub const PRIORITY_DEFAULT: u8 = 5;
const LABELS_MAX: usize = 32;
const LABEL_KEY_BYTES_MAX: usize = 63;
const LABEL_VALUE_BYTES_MAX: usize = 255;
pub const IDEMPOTENCY_KEY_BYTES_MAX: usize = 255;

/// How long an idempotency key is remembered.
pub const IDEMPOTENCY_KEPT: Duration = Duration::from_secs(24 * 60 * 60);

const SIGNAL_NAME_BYTES_MAX: usize = 128;

/// Signals are named by 1 to 128 of `a-z A-Z 0-9 . _ -`.
pub fn is_signal_name(name: &str) -> bool {
    let allowed = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-');
    (1..=SIGNAL_NAME_BYTES_MAX).contains(&name.len()) && name.bytes().all(allowed)
}

/// A client's own name for a submission, with the hash of what it submitted under it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdempotencyKey {
    pub key: String,
    /// SHA-256 of the request body, in hex.
    pub body_sha256: String,
}

#[derive(Debug, Clone)]
pub struct Submission {
    pub tenant: Tenant,
    pub kind: String,
    pub input: Payload,
    pub priority: u8,
    pub labels: BTreeMap<String, String>,
    pub deadline: Option<Timestamp>,
    pub on_exhausted: OnExhausted,
    pub idempotency: Option<IdempotencyKey>,
    /// Who submits it; the id of the request goes into the logs.
    pub author: Author,
    /// The span of the request, of which the job's is a child. None: the job is not traced.
    pub trace: Option<TraceContext>,
}

impl Submission {
    pub fn new(kind: impl Into<String>, input: Payload) -> Self {
        Self {
            tenant: Tenant::default(),
            kind: kind.into(),
            input,
            priority: PRIORITY_DEFAULT,
            labels: BTreeMap::new(),
            deadline: None,
            on_exhausted: OnExhausted::default(),
            idempotency: None,
            author: Author::anonymous(),
            trace: None,
        }
    }

    /// Checks what does not depend on the kind.
    pub(crate) fn check(&self) -> Result<(), InvalidInput> {
        if self.priority > PRIORITY_MAX {
            let message = format!(
                "priority is {}, but runs from 0 to {PRIORITY_MAX}",
                self.priority
            );
            return Err(invalid("invalid_priority", "priority", message));
        }
        if self.labels.len() > LABELS_MAX {
            return Err(invalid(
                "invalid_labels",
                "labels",
                format!("a job bears at most {LABELS_MAX} labels"),
            ));
        }
        for (key, value) in &self.labels {
            if key.is_empty()
                || key.len() > LABEL_KEY_BYTES_MAX
                || value.len() > LABEL_VALUE_BYTES_MAX
            {
                let message = format!(
                    "label `{key}`: keys have 1 to {LABEL_KEY_BYTES_MAX} bytes, values at most {LABEL_VALUE_BYTES_MAX}"
                );
                return Err(invalid("invalid_labels", "labels", message));
            }
            if key.contains('\0') || value.contains('\0') {
                let message = "labels have no null characters".to_owned();
                return Err(invalid("invalid_labels", "labels", message));
            }
        }
        let key = self
            .idempotency
            .as_ref()
            .map(|idempotency| idempotency.key.len());
        if key.is_some_and(|bytes| bytes == 0 || bytes > IDEMPOTENCY_KEY_BYTES_MAX) {
            let message = format!("an idempotency key has 1 to {IDEMPOTENCY_KEY_BYTES_MAX} bytes");
            return Err(invalid(
                "invalid_idempotency_key",
                "Idempotency-Key",
                message,
            ));
        }
        Ok(())
    }

    /// Apart from `check`, because a replay of an accepted submission is answered also after its deadline.
    pub(crate) fn check_deadline(&self, now: Timestamp) -> Result<(), InvalidInput> {
        match self.deadline.filter(|deadline| *deadline <= now) {
            Some(deadline) => {
                let message = format!("the deadline {} has passed", deadline.rfc3339());
                Err(invalid("invalid_deadline", "deadline", message))
            }
            None => Ok(()),
        }
    }
}

fn invalid(code: &'static str, field: &str, message: String) -> InvalidInput {
    InvalidInput {
        code,
        field: Some(field.to_owned()),
        message,
    }
}
