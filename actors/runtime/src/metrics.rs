//! The metrics this crate records, under the names that dashboards and alerts use.

use std::sync::Arc;

use metrics::Gauge;

pub const RESTARTS_TOTAL: &str = "callboard_actor_restarts_total";
pub const QUEUE_DEPTH: &str = "callboard_queue_depth";
pub const TASKS_IN_HAND: &str = "callboard_tasks_in_hand";
pub const BREAKER_STATE: &str = "callboard_breaker_state";

/// Counts one rebuild of an instance of `role`; `cause` is one of a few fixed words.
pub(crate) fn restarted(role: &str, cause: &'static str) {
    metrics::counter!(RESTARTS_TOTAL, "role" => role.to_owned(), "cause" => cause).increment(1);
}

/// The gauges of one crew, looked up once.
pub(crate) struct CrewGauges {
    pub(crate) queue_depth: Gauge,
    pub(crate) in_hand: Gauge,
    /// 0 closed, 1 half-open, 2 open.
    pub(crate) breaker_state: Gauge,
}

impl CrewGauges {
    pub(crate) fn of(role: &Arc<str>) -> Self {
        let gauge = |name: &'static str| metrics::gauge!(name, "role" => role.to_string());
        Self {
            queue_depth: gauge(QUEUE_DEPTH),
            in_hand: gauge(TASKS_IN_HAND),
            breaker_state: gauge(BREAKER_STATE),
        }
    }
}
