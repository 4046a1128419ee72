//! What happens to supervised actors, as a stream of events on a bounded ring.
//! A reader that lags loses the oldest events and is told how many; the counters beside the ring lose nothing.

#![expect(
    clippy::disallowed_types,
    reason = "the order of `seq` must be the order of the ring whichever threads publish"
)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Serialize;
use tokio::sync::broadcast;

use crate::crew::TaskKey;

/// How many events the ring keeps for a reader that lags.
pub const EVENTS_MAX: usize = 4096;

/// What happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum EventKind {
    /// An instance was built by its factory and serves.
    Started,
    /// A panic: of a task if `task` is set, of the child itself otherwise.
    Panicked,
    /// A task passed its deadline.
    TimedOut,
    /// A child ended and is not rebuilt.
    Stopped,
    /// A healthy instance is replaced on somebody else's account.
    Recycled,
    /// A dead instance is rebuilt after `delay_ms`.
    Restarting,
    BreakerOpened,
    BreakerHalfOpen,
    BreakerClosed,
    /// A group had more deaths than its intensity allows.
    Escalated,
    /// A task gave no sign of life for the heartbeat of its crew.
    Stalled,
    /// The thread of an arbiter does not answer.
    ArbiterStalled,
    ArbiterRecovered,
    Paused,
    Resumed,
    Drained,
    /// A resident found what must never be, and says what; it has logged it.
    InvariantBroken,
}

impl EventKind {
    const COUNT: usize = EventKind::InvariantBroken as usize + 1;
}

/// One event; `seq` grows by one from event to event of a universe.
#[derive(Clone, Debug, Serialize)]
pub struct SupervisionEvent {
    pub seq: u64,
    /// Milliseconds since the Unix epoch.
    pub at: u64,
    /// Path of the node in the tree, such as `root/roles/market.analyst`.
    pub node: String,
    pub role: Option<String>,
    pub worker: Option<u32>,
    pub generation: u64,
    pub kind: EventKind,
    pub cause: Option<String>,
    pub delay_ms: Option<u64>,
    pub task: Option<TaskKey>,
}

/// Whom an event is about.
#[derive(Clone, Debug)]
pub(crate) struct Subject {
    pub(crate) node: Arc<str>,
    pub(crate) role: Option<Arc<str>>,
    pub(crate) worker: Option<u32>,
}

/// What an event says beyond its kind.
#[derive(Clone, Debug, Default)]
pub(crate) struct Detail {
    pub(crate) generation: u64,
    pub(crate) cause: Option<String>,
    pub(crate) delay: Option<Duration>,
    pub(crate) task: Option<TaskKey>,
}

impl Detail {
    pub(crate) fn generation(generation: u64) -> Self {
        Self {
            generation,
            ..Self::default()
        }
    }

    pub(crate) fn cause(mut self, cause: impl Into<String>) -> Self {
        self.cause = Some(cause.into());
        self
    }

    pub(crate) fn delay(mut self, delay: Duration) -> Self {
        self.delay = Some(delay);
        self
    }

    pub(crate) fn task(mut self, task: TaskKey) -> Self {
        self.task = Some(task);
        self
    }
}

pub(crate) struct Bus {
    // A lock, so that the order of `seq` is the order of the ring whichever threads publish; events are rare.
    last_seq: Mutex<u64>,
    ring: broadcast::Sender<SupervisionEvent>,
    counts: [AtomicU64; EventKind::COUNT],
}

impl Bus {
    pub(crate) fn new() -> Self {
        Self {
            last_seq: Mutex::new(0),
            ring: broadcast::channel(EVENTS_MAX).0,
            counts: [const { AtomicU64::new(0) }; EventKind::COUNT],
        }
    }

    pub(crate) fn subscribe(&self) -> broadcast::Receiver<SupervisionEvent> {
        self.ring.subscribe()
    }

    pub(crate) fn count(&self, kind: EventKind) -> u64 {
        self.counts[kind as usize].load(Ordering::Relaxed)
    }

    pub(crate) fn publish(&self, kind: EventKind, subject: &Subject, detail: Detail) {
        self.counts[kind as usize].fetch_add(1, Ordering::Relaxed);
        let mut event = SupervisionEvent {
            seq: 0,
            at: unix_millis(),
            node: subject.node.to_string(),
            role: subject.role.as_deref().map(str::to_owned),
            worker: subject.worker,
            generation: detail.generation,
            kind,
            cause: detail.cause,
            delay_ms: detail.delay.map(whole_millis),
            task: detail.task,
        };
        log(&event);
        let mut last_seq = self.last_seq.lock().unwrap_or_else(PoisonError::into_inner);
        *last_seq += 1;
        event.seq = *last_seq;
        // An error means that nobody listens.
        let _ = self.ring.send(event);
    }
}

/// Milliseconds of a duration, at most `u64::MAX`.
pub(crate) fn whole_millis(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

#[expect(
    clippy::disallowed_methods,
    reason = "events are for people; nothing is replayed from them"
)]
fn unix_millis() -> u64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, whole_millis)
}

fn log(event: &SupervisionEvent) {
    let cause = event.cause.as_deref().unwrap_or_default();
    match event.kind {
        EventKind::Escalated | EventKind::ArbiterStalled => {
            tracing::error!(node = event.node, cause, "{}", words(event.kind));
        }
        EventKind::BreakerOpened | EventKind::Stalled => {
            tracing::warn!(
                node = event.node,
                worker = event.worker,
                cause,
                "{}",
                words(event.kind)
            );
        }
        // The panic hook has logged the panic itself, and who found a broken invariant that.
        _ => tracing::debug!(
            node = event.node,
            worker = event.worker,
            generation = event.generation,
            delay_ms = event.delay_ms,
            cause,
            "{}",
            words(event.kind)
        ),
    }
}

fn words(kind: EventKind) -> &'static str {
    match kind {
        EventKind::Started => "started",
        EventKind::Panicked => "panicked",
        EventKind::TimedOut => "a task timed out",
        EventKind::Stopped => "stopped",
        EventKind::Recycled => "recycled",
        EventKind::Restarting => "restarting",
        EventKind::BreakerOpened => "the breaker opened",
        EventKind::BreakerHalfOpen => "the breaker lets one task through",
        EventKind::BreakerClosed => "the breaker closed",
        EventKind::Escalated => "too many deaths in the window",
        EventKind::Stalled => "a task stalled",
        EventKind::ArbiterStalled => "an arbiter does not answer",
        EventKind::ArbiterRecovered => "an arbiter answers again",
        EventKind::Paused => "paused",
        EventKind::Resumed => "resumed",
        EventKind::Drained => "drained",
        EventKind::InvariantBroken => "an invariant is broken",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subject() -> Subject {
        Subject {
            node: "root/desk".into(),
            role: None,
            worker: Some(3),
        }
    }

    #[test]
    fn events_are_numbered_without_gaps_and_counted_by_kind() {
        let bus = Bus::new();
        let mut reader = bus.subscribe();
        for generation in 1..=3 {
            bus.publish(
                EventKind::Started,
                &subject(),
                Detail::generation(generation),
            );
        }
        let seqs: Vec<u64> = std::iter::from_fn(|| reader.try_recv().ok())
            .map(|event| event.seq)
            .collect();
        assert_eq!(seqs, [1, 2, 3]);
        assert_eq!(bus.count(EventKind::Started), 3);
        assert_eq!(bus.count(EventKind::Panicked), 0);
    }

    #[test]
    fn a_lagging_reader_is_told_how_much_it_lost_while_the_counters_lose_nothing() {
        let bus = Bus::new();
        let mut reader = bus.subscribe();
        for _ in 0..EVENTS_MAX + 10 {
            bus.publish(EventKind::Recycled, &subject(), Detail::default());
        }
        assert!(matches!(
            reader.try_recv(),
            Err(broadcast::error::TryRecvError::Lagged(10))
        ));
        assert_eq!(bus.count(EventKind::Recycled), EVENTS_MAX as u64 + 10);
    }

    #[test]
    fn an_event_is_written_in_snake_case_with_the_source_of_its_task_in_hex() {
        let bus = Bus::new();
        let mut reader = bus.subscribe();
        let task = TaskKey {
            source: 0xab,
            number: 7,
            dispatch: 0,
        };
        bus.publish(
            EventKind::TimedOut,
            &subject(),
            Detail::generation(2).task(task),
        );
        let json = serde_json::to_value(reader.try_recv().unwrap()).unwrap();
        assert_eq!(json["kind"], "timed_out");
        assert_eq!(json["worker"], 3);
        assert_eq!(json["task"]["source"], format!("{:032x}", 0xab));
        assert_eq!(json["task"]["number"], 7);
    }
}
