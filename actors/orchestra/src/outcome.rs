//! What one run of a task came to, and how a task can fail.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::time::Timestamp;

/// What a role says of one attempt. A panic is not an outcome: the crew reports it and the job's policy decides.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome<P> {
    Done(P),
    /// Try again; uses an attempt. Without `after` the retry policy chooses the delay.
    Retry {
        after: Option<Duration>,
        cause: String,
    },
    /// Not yet; try again at `until`. Uses no attempt.
    Snooze {
        until: Timestamp,
    },
    /// Not without a person's consent; run again when it is given, rejected when it is refused or does not come in time.
    /// Uses no attempt.
    NeedsApproval {
        why: String,
        /// How long the answer may take; `APPROVAL_WAIT_DEFAULT` when left out.
        within: Option<Duration>,
    },
    /// Not before the job gets the signal `name`; run again when it has come, rejected when it does not come in time.
    /// Uses no attempt.
    AwaitSignal {
        name: String,
        within: Option<Duration>,
    },
    /// The domain says no. Never retried.
    Reject {
        reason: String,
    },
}

/// How long an approval may take when the role does not say.
pub const APPROVAL_WAIT_DEFAULT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Why an attempt or a job came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureKind {
    Domain,
    Panicked,
    Aborted,
    Timeout,
    Stalled,
    BreakerOpen,
    WorkerLost,
    /// A role asked for another attempt.
    Retry,
    /// A task that panicked its role too often.
    Poisoned,
    /// The job outlived its deadline.
    Expired,
    /// What the attempt made could not be stored.
    Unstored,
    /// A person refused, or said that the effect failed.
    Refused,
    /// An approval or a signal did not come in time.
    Unanswered,
}

impl FailureKind {
    /// The stable code of this failure on the wire.
    pub const fn code(self) -> &'static str {
        match self {
            Self::Domain => "domain",
            Self::Panicked => "panicked",
            Self::Aborted => "aborted",
            Self::Timeout => "timeout",
            Self::Stalled => "stalled",
            Self::BreakerOpen => "breaker_open",
            Self::WorkerLost => "worker_lost",
            Self::Retry => "retry",
            Self::Poisoned => "poisoned",
            Self::Expired => "expired",
            Self::Unstored => "unstored",
            Self::Refused => "refused",
            Self::Unanswered => "unanswered",
        }
    }
}

/// Longest message of a failure, in bytes.
pub const MESSAGE_BYTES_MAX: usize = 4 * 1024;

/// A failure with the words a person needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failure {
    pub kind: FailureKind,
    pub message: String,
}

impl Failure {
    /// Cuts a message that is longer than `MESSAGE_BYTES_MAX`.
    pub fn new(kind: FailureKind, message: impl Into<String>) -> Self {
        let mut message = message.into();
        message.truncate(message.floor_char_boundary(MESSAGE_BYTES_MAX));
        Self { kind, message }
    }
}
