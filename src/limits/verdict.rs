//! What a limit says of one request.

use std::time::Duration;

/// The time that a limit counts requests over.
pub const WINDOW: Duration = Duration::from_secs(60);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Requests of a window.
    pub limit: u32,
    /// Requests that would pass at this moment.
    pub remaining: u32,
    /// Time until the whole limit is there again.
    pub reset: Duration,
    /// Time until a request would pass; None for one that does.
    pub retry_after: Option<Duration>,
}
