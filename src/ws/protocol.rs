//! What goes over a stream: messages to the client and the reasons a stream ends.

use std::fmt;

use actix_ws::{CloseCode, CloseReason};
use bytestring::ByteString;
use serde::Serialize;
use utoipa::ToSchema;

/// One message to a client. The text is shared by everyone it is sent to.
#[derive(Debug, Clone)]
pub struct Message {
    /// Where to resume after it; missing for what is not kept.
    pub position: Option<Position>,
    pub text: ByteString,
}

/// A place in a stream, as `after` takes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Position {
    /// `seq` of an event in the stream of one job, or of a supervision event.
    Seq(u64),
    /// An event in the stream of all jobs.
    Cursor { pos: u64, seq: u64 },
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Seq(seq) => write!(f, "{seq}"),
            Self::Cursor { pos, seq } => write!(f, "{pos}.{seq}"),
        }
    }
}

/// Events of a stream that this client cannot have any more, or may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct Gap {
    /// Always `gap`.
    #[serde(rename = "type")]
    #[schema(value_type = String, example = "gap")]
    pub tag: GapTag,
    /// `seq` of the first event missed; in the stream of all jobs the first `pos` that may be missing.
    pub from: u64,
    /// `seq`, or `pos`, of the last.
    pub to: u64,
    /// How many, where it is known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missed: Option<u64>,
    #[schema(value_type = String, example = "lagged")]
    pub reason: GapReason,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapTag {
    Gap,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GapReason {
    /// The client was slower than the events came.
    Lagged,
    /// Retention has removed jobs with events up to there; events of other jobs follow.
    Pruned,
}

/// Close code of a stream whose caller may no longer have it.
const BARRED: u16 = 4401;

/// Why the server ends a stream.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Goodbye {
    /// Every event has been sent.
    Ended,
    /// The server shuts down.
    Draining,
    /// The client accepted no bytes for too long.
    TooSlow,
    /// The client gave no sign of life.
    Silent,
    /// The client sent more than it may.
    TooLarge,
    /// The caller may no longer have the stream: its key is revoked or its time is over.
    Barred,
    /// The journal could not be read.
    Failed,
}

impl Goodbye {
    pub fn close_reason(self) -> CloseReason {
        let (code, description) = match self {
            Self::Ended => (CloseCode::Normal, "the job has ended"),
            Self::Draining => (CloseCode::Restart, "the server is shutting down"),
            Self::TooSlow => (CloseCode::Again, "too slow"),
            Self::Silent => (CloseCode::Policy, "no sign of life"),
            Self::TooLarge => (CloseCode::Size, "message too large"),
            Self::Barred => (CloseCode::Other(BARRED), "access has ended"),
            Self::Failed => (CloseCode::Error, "internal error"),
        };
        CloseReason {
            code,
            description: Some(description.to_owned()),
        }
    }
}
