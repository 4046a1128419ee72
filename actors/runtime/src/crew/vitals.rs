//! The figures of a crew that anyone may read at any time, kept as atomics by those who change them.

#![expect(
    clippy::disallowed_types,
    reason = "the last failure is a string, written at failures only"
)]

use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::spec::CrewSpec;
use crate::event::whole_millis;
use crate::metrics::CrewGauges;
use crate::tree::ChildVitals;

/// A crew at one moment.
#[derive(Clone, Debug, Serialize)]
pub struct CrewVitals {
    pub role: String,
    pub queue_depth: usize,
    pub queue_max: usize,
    pub in_hand: usize,
    pub held: usize,
    /// Instances built after a panic of a task.
    pub restarts: u64,
    /// Of tasks.
    pub panics: u64,
    pub timeouts: u64,
    pub stalls: u64,
    /// Times its breaker opened, after a probe that failed as well.
    pub breaker_openings: u64,
    pub paused: bool,
    pub draining: bool,
    pub breaker: BreakerVitals,
    pub last_failure: Option<String>,
    pub workers: Vec<WorkerVitals>,
}

/// The state of a breaker.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum BreakerState {
    /// Tasks pass.
    #[default]
    Closed,
    /// One task at a time passes.
    HalfOpen,
    /// No task passes.
    Open,
}

/// The breaker of a crew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerVitals {
    pub state: BreakerState,
    pub cooldown_ms: u64,
    /// 0 unless open.
    pub retry_after_ms: u64,
}

/// What a worker is doing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WorkerState {
    Idle,
    Busy,
    /// Its next instance is built after a wait.
    Backoff,
    /// It has no instance: not started, or its shell died.
    Dead,
}

/// One worker of a crew.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct WorkerVitals {
    pub index: u32,
    pub generation: u64,
    pub state: WorkerState,
    pub in_hand: u32,
    /// Since any of its tasks last gave a sign of life; none when it has none.
    pub since_progress_ms: Option<u64>,
    pub panics: u64,
}

pub(crate) struct CrewGauge {
    pub(super) role: Arc<str>,
    queue_max: usize,
    born: Instant,
    queue_depth: AtomicUsize,
    in_hand: AtomicUsize,
    held: AtomicUsize,
    restarts: AtomicU64,
    panics: AtomicU64,
    timeouts: AtomicU64,
    stalls: AtomicU64,
    breaker_openings: AtomicU64,
    paused: AtomicBool,
    draining: AtomicBool,
    breaker_state: AtomicU8,
    cooldown_ms: AtomicU64,
    /// Milliseconds after `born`.
    reopen_ms: AtomicU64,
    // A lock: written at failures only.
    last_failure: Mutex<Option<String>>,
    pub(super) workers: Vec<WorkerGauge>,
    exported: CrewGauges,
}

const READY: u8 = 0;
const BACKOFF: u8 = 1;
const DEAD: u8 = 2;

pub(crate) struct WorkerGauge {
    child: Arc<ChildVitals>,
    readiness: AtomicU8,
    in_hand: AtomicU32,
    panics: AtomicU64,
    /// Milliseconds after the birth of the crew.
    last_sign_ms: AtomicU64,
}

impl CrewGauge {
    pub(super) fn new(spec: &CrewSpec, workers: impl Iterator<Item = Arc<ChildVitals>>) -> Self {
        let role: Arc<str> = spec.role.as_str().into();
        Self {
            exported: CrewGauges::of(&role),
            role,
            queue_max: spec.queue_max,
            born: Instant::now(),
            queue_depth: AtomicUsize::new(0),
            in_hand: AtomicUsize::new(0),
            held: AtomicUsize::new(0),
            restarts: AtomicU64::new(0),
            panics: AtomicU64::new(0),
            timeouts: AtomicU64::new(0),
            stalls: AtomicU64::new(0),
            breaker_openings: AtomicU64::new(0),
            paused: AtomicBool::new(false),
            draining: AtomicBool::new(false),
            breaker_state: AtomicU8::new(BreakerState::Closed as u8),
            cooldown_ms: AtomicU64::new(whole_millis(spec.breaker.cooldown)),
            reopen_ms: AtomicU64::new(0),
            last_failure: Mutex::new(None),
            workers: workers.map(WorkerGauge::new).collect(),
        }
    }

    pub(super) fn set_depths(&self, queued: usize, in_hand: usize, held: usize) {
        self.queue_depth.store(queued, Ordering::Relaxed);
        self.in_hand.store(in_hand, Ordering::Relaxed);
        self.held.store(held, Ordering::Relaxed);
        self.exported.queue_depth.set(queued as f64);
        self.exported.in_hand.set(in_hand as f64);
    }

    pub(super) fn set_modes(&self, paused: bool, draining: bool) {
        self.paused.store(paused, Ordering::Relaxed);
        self.draining.store(draining, Ordering::Relaxed);
    }

    pub(super) fn set_breaker(
        &self,
        state: BreakerState,
        cooldown: Duration,
        due: Option<Instant>,
    ) {
        let before = self.breaker_state.swap(state as u8, Ordering::Relaxed);
        if state == BreakerState::Open && before != state as u8 {
            self.breaker_openings.fetch_add(1, Ordering::Relaxed);
        }
        self.cooldown_ms
            .store(whole_millis(cooldown), Ordering::Relaxed);
        let due = due.map_or(0, |due| self.millis_at(due));
        self.reopen_ms.store(due, Ordering::Relaxed);
        self.exported.breaker_state.set(f64::from(state as u8));
    }

    pub(super) fn restarted(&self) {
        self.restarts.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn timed_out(&self) {
        self.timeouts.fetch_add(1, Ordering::Relaxed);
        self.failed("timed out");
    }

    pub(super) fn stalled(&self) {
        self.stalls.fetch_add(1, Ordering::Relaxed);
        self.failed("gave no sign of life");
    }

    pub(super) fn panicked(&self, worker: u32, cause: &str) {
        self.panics.fetch_add(1, Ordering::Relaxed);
        self.worker(worker).panics.fetch_add(1, Ordering::Relaxed);
        self.failed(cause);
    }

    pub(super) fn worker(&self, index: u32) -> &WorkerGauge {
        &self.workers[index as usize]
    }

    pub(super) fn sign_of_life(&self, worker: u32, at: Instant) {
        let at = self.millis_at(at);
        self.worker(worker)
            .last_sign_ms
            .fetch_max(at, Ordering::Relaxed);
    }

    pub(super) fn vitals(&self) -> CrewVitals {
        let now_ms = self.millis_at(Instant::now());
        let state = breaker_state(self.breaker_state.load(Ordering::Relaxed));
        let reopen_ms = self.reopen_ms.load(Ordering::Relaxed);
        CrewVitals {
            role: self.role.to_string(),
            queue_depth: self.queue_depth.load(Ordering::Relaxed),
            queue_max: self.queue_max,
            in_hand: self.in_hand.load(Ordering::Relaxed),
            held: self.held.load(Ordering::Relaxed),
            restarts: self.restarts.load(Ordering::Relaxed),
            panics: self.panics.load(Ordering::Relaxed),
            timeouts: self.timeouts.load(Ordering::Relaxed),
            stalls: self.stalls.load(Ordering::Relaxed),
            breaker_openings: self.breaker_openings.load(Ordering::Relaxed),
            paused: self.paused.load(Ordering::Relaxed),
            draining: self.draining.load(Ordering::Relaxed),
            breaker: BreakerVitals {
                state,
                cooldown_ms: self.cooldown_ms.load(Ordering::Relaxed),
                retry_after_ms: reopen_ms.saturating_sub(now_ms),
            },
            last_failure: self
                .last_failure
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone(),
            workers: self
                .workers
                .iter()
                .zip(0..)
                .map(|(worker, index)| worker.vitals(index, now_ms))
                .collect(),
        }
    }

    fn failed(&self, cause: &str) {
        *self
            .last_failure
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = Some(cause.to_owned());
    }

    fn millis_at(&self, at: Instant) -> u64 {
        whole_millis(at.saturating_duration_since(self.born))
    }
}

impl WorkerGauge {
    fn new(child: Arc<ChildVitals>) -> Self {
        Self {
            child,
            readiness: AtomicU8::new(DEAD),
            in_hand: AtomicU32::new(0),
            panics: AtomicU64::new(0),
            last_sign_ms: AtomicU64::new(0),
        }
    }

    pub(super) fn generation(&self) -> u64 {
        self.child.generation()
    }

    pub(super) fn is_ready(&self) -> bool {
        self.readiness.load(Ordering::Acquire) == READY
    }

    pub(super) fn ready(&self) {
        self.readiness.store(READY, Ordering::Release);
    }

    pub(super) fn backs_off(&self) {
        self.readiness.store(BACKOFF, Ordering::Release);
    }

    pub(super) fn dead(&self) {
        self.readiness.store(DEAD, Ordering::Release);
    }

    pub(super) fn takes_one(&self) {
        self.in_hand.fetch_add(1, Ordering::Relaxed);
    }

    pub(super) fn returns_one(&self) {
        self.in_hand.fetch_sub(1, Ordering::Relaxed);
    }

    fn vitals(&self, index: u32, now_ms: u64) -> WorkerVitals {
        let in_hand = self.in_hand.load(Ordering::Relaxed);
        let state = match self.readiness.load(Ordering::Acquire) {
            READY if in_hand == 0 => WorkerState::Idle,
            READY => WorkerState::Busy,
            BACKOFF => WorkerState::Backoff,
            _ => WorkerState::Dead,
        };
        let last_sign_ms = self.last_sign_ms.load(Ordering::Relaxed);
        WorkerVitals {
            index,
            generation: self.generation(),
            state,
            in_hand,
            since_progress_ms: (in_hand > 0).then(|| now_ms.saturating_sub(last_sign_ms)),
            panics: self.panics.load(Ordering::Relaxed),
        }
    }
}

fn breaker_state(number: u8) -> BreakerState {
    [
        BreakerState::Closed,
        BreakerState::HalfOpen,
        BreakerState::Open,
    ]
    .into_iter()
    .find(|state| *state as u8 == number)
    .unwrap_or_default()
}
