//! Wall-clock instants as the journal keeps them.

use std::time::Duration;

use chrono::{DateTime, SecondsFormat, Utc};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;

/// An instant, in milliseconds since the Unix epoch. Serialises as that integer; `rfc3339` is for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    #[expect(
        clippy::disallowed_methods,
        reason = "the one reading of the wall clock; jobs get time with a command"
    )]
    pub fn now() -> Self {
        Self(Utc::now().timestamp_millis())
    }

    pub const fn from_millis(millis: i64) -> Self {
        Self(millis)
    }

    pub const fn millis(self) -> i64 {
        self.0
    }

    /// The instant `delay` later; saturates at the end of time.
    pub fn plus(self, delay: Duration) -> Self {
        let delay_ms = i64::try_from(delay.as_millis()).unwrap_or(i64::MAX);
        Self(self.0.saturating_add(delay_ms))
    }

    /// Time from `earlier` to `self`; zero when `earlier` is later.
    pub fn since(self, earlier: Self) -> Duration {
        let elapsed_ms = self.0.saturating_sub(earlier.0);
        Duration::from_millis(u64::try_from(elapsed_ms).unwrap_or(0))
    }

    /// RFC 3339 text in UTC with milliseconds, for example `2026-01-31T09:30:00.000Z`.
    pub fn rfc3339(self) -> String {
        DateTime::from_timestamp_millis(self.0)
            .unwrap_or(DateTime::<Utc>::MAX_UTC)
            .to_rfc3339_opts(SecondsFormat::Millis, true)
    }
}

impl From<DateTime<Utc>> for Timestamp {
    fn from(at: DateTime<Utc>) -> Self {
        Self(at.timestamp_millis())
    }
}

/// Wall-clock time that moves with the runtime's monotonic clock, so that it never runs backwards and obeys a paused
/// test clock.
#[derive(Debug, Clone, Copy)]
pub struct Clock {
    started_at: Timestamp,
    started: Instant,
}

impl Clock {
    pub fn start() -> Self {
        Self {
            started_at: Timestamp::now(),
            started: Instant::now(),
        }
    }

    pub fn now(&self) -> Timestamp {
        self.started_at.plus(self.started.elapsed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_form_is_utc_with_milliseconds() {
        assert_eq!(
            Timestamp::from_millis(1_000).rfc3339(),
            "1970-01-01T00:00:01.000Z"
        );
    }

    #[test]
    fn elapsed_time_is_never_negative() {
        let (early, late) = (Timestamp::from_millis(5), Timestamp::from_millis(9));
        assert_eq!(late.since(early), Duration::from_millis(4));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
