//! The bounded way from whoever ends a span to the thread that sends them. Putting in never waits; what finds no room is
//! counted and dropped.

use std::time::SystemTime;

use callboard_orchestra::trace::{EndedAttempt, EndedJob};
use tokio::sync::mpsc;

use super::request::EndedRequest;

/// Spans on their way. A receiver that is slower than they come loses what exceeds it.
pub const QUEUE_SPANS_MAX: usize = 16_384;

/// A span that has ended, with the instant at which it did.
#[derive(Debug)]
pub enum Span {
    Request(EndedRequest),
    Job(EndedJob, SystemTime),
    Attempt(EndedAttempt, SystemTime),
}

/// Why spans were not delivered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loss {
    /// There was no room.
    QueueFull,
    /// The receiver was down for too long, or until the end of the process.
    Undelivered,
    /// The receiver did not want them.
    Refused,
}

impl Loss {
    pub const ALL: [Self; 3] = [Self::QueueFull, Self::Undelivered, Self::Refused];

    /// In the metric.
    pub const fn name(self) -> &'static str {
        match self {
            Self::QueueFull => "queue_full",
            Self::Undelivered => "undelivered",
            Self::Refused => "refused",
        }
    }

    pub fn count(self, spans: u64) {
        metrics::counter!("callboard_trace_spans_dropped_total", "cause" => self.name())
            .increment(spans);
    }
}

#[derive(Debug, Clone)]
pub struct SpanQueue(mpsc::Sender<Span>);

impl SpanQueue {
    pub fn new(spans_max: usize) -> (Self, mpsc::Receiver<Span>) {
        let (sender, receiver) = mpsc::channel(spans_max);
        (Self(sender), receiver)
    }

    pub fn put(&self, span: Span) {
        match self.0.try_send(span) {
            Ok(()) => {}
            Err(mpsc::error::TrySendError::Full(_)) => Loss::QueueFull.count(1),
            // After the flush at the end of the process.
            Err(mpsc::error::TrySendError::Closed(_)) => Loss::Undelivered.count(1),
        }
    }
}
