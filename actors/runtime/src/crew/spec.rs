//! What makes a crew: its size, its bounds, its patience.

use std::time::Duration;

use crate::child::{Backoff, Intensity};
use crate::universe::Home;

/// What happens to tasks while the breaker is open.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnOpen {
    /// They stay in the queue, and new ones join them.
    #[default]
    Wait,
    /// They are refused with the time after which to try again.
    FailFast,
}

/// When the breaker of a crew opens and how it closes again.
///
/// It opens when, of the last `window` outcomes, at least `failures_min` and at least half are panics, timeouts,
/// stalls or outputs that the work calls failures, from at least `sources_min` sources; and, while it has seen fewer than `window` outcomes, after `streak`
/// failures in a row from at least `streak_sources` sources.
#[derive(Clone, Debug)]
pub struct BreakerSpec {
    pub window: usize,
    pub failures_min: usize,
    pub sources_min: usize,
    pub streak: usize,
    pub streak_sources: usize,
    /// How long it stays open the first time; doubled at each failed probe.
    pub cooldown: Duration,
    pub cooldown_max: Duration,
}

impl Default for BreakerSpec {
    fn default() -> Self {
        Self {
            window: 50,
            failures_min: 20,
            sources_min: 3,
            streak: 5,
            streak_sources: 2,
            cooldown: Duration::from_secs(1),
            cooldown_max: Duration::from_secs(60),
        }
    }
}

/// A crew as data.
#[derive(Clone, Debug)]
pub struct CrewSpec {
    pub role: String,
    pub workers: u32,
    /// Tasks in hand at a time, per worker.
    pub concurrency: u32,
    /// Tasks waiting, over all shares.
    pub queue_max: usize,
    /// Tasks waiting, per share.
    pub share_max: usize,
    /// How long a task may give no sign of life; none means that only its timeout counts.
    pub heartbeat: Option<Duration>,
    /// A panic also ends the other tasks in hand of its worker.
    pub abort_inflight: bool,
    pub on_open: OnOpen,
    pub breaker: BreakerSpec,
    /// Between a worker's instances after panics in a row.
    pub backoff: Backoff,
    /// Deaths of workers' shells, factories and of the queue, not panics of tasks.
    pub intensity: Intensity,
    /// Waiting this long is worth one step of priority.
    pub ageing: Duration,
    /// How long tasks in hand may go on at shutdown.
    pub shutdown: Duration,
    /// Of the workers; the queue lives on the core.
    pub home: Home,
}

impl CrewSpec {
    /// One worker with one task in hand, 4096 waiting of which 1024 per share, no heartbeat, other tasks in hand go on
    /// after a panic, tasks wait while the breaker is open, 10 s of waiting per step of priority, 5 s to shut down.
    pub fn new(role: impl Into<String>) -> Self {
        Self {
            role: role.into(),
            workers: 1,
            concurrency: 1,
            queue_max: 4096,
            share_max: 1024,
            heartbeat: None,
            abort_inflight: false,
            on_open: OnOpen::default(),
            breaker: BreakerSpec::default(),
            backoff: Backoff::default(),
            intensity: Intensity::default(),
            ageing: Duration::from_secs(10),
            shutdown: Duration::from_secs(5),
            home: Home::Roles,
        }
    }
}
