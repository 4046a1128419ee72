//! Who hears of committed events. Publishing never waits: a subscriber that falls behind is told so and reads the
//! journal instead.

#![expect(
    clippy::disallowed_types,
    reason = "subscribers on HTTP threads and the writer share the registry"
)]

use std::{
    collections::HashMap,
    sync::{
        Arc, Mutex, MutexGuard,
        atomic::{AtomicUsize, Ordering},
    },
};

use bytestring::ByteString;
use serde::Serialize;
use tokio::sync::{broadcast, oneshot};

use crate::{
    id::{JobId, Tenant},
    job::JobEvent,
    journal::{JobRow, Record, StoredRecord},
    time::Timestamp,
};

/// Signals that a subscriber to a tenant may fall behind before it must read the journal.
const TENANT_RING_SIGNALS: usize = 1_024;
/// The same for a job, of which many may be followed at once.
const JOB_RING_SIGNALS: usize = 512;

/// One event on a stream, serialised once for all subscribers.
#[derive(Debug, Clone)]
pub struct Frame {
    pub job: JobId,
    pub seq: u64,
    pub pos: u64,
    pub is_final: bool,
    /// `{"seq":..,"at":..,"job":..,"type":..,"data":{..}}`
    pub text: ByteString,
}

/// What a subscriber hears.
#[derive(Debug, Clone)]
pub enum Signal {
    Committed(Arc<Frame>),
    /// An unnumbered sign of life; may be lost.
    Tick(ByteString),
    /// Something may have been missed: read the journal from the last seq seen.
    Resync,
}

#[derive(Serialize)]
struct WireFrame<'a> {
    seq: u64,
    at: String,
    job: JobId,
    /// `type` and `data`.
    #[serde(flatten)]
    event: &'a JobEvent,
}

#[derive(Serialize)]
struct WireTick<'a, T> {
    #[serde(rename = "type")]
    name: &'a str,
    at: String,
    job: JobId,
    data: &'a T,
}

/// The frames of a stored record.
pub fn frames_of(record: &StoredRecord) -> impl Iterator<Item = Frame> {
    (record.first_seq..)
        .zip(record.events.iter())
        .map(|(seq, event)| frame(record, seq, event))
}

fn frame(record: &StoredRecord, seq: u64, event: &JobEvent) -> Frame {
    let wire = WireFrame {
        seq,
        at: record.at.rfc3339(),
        job: record.job,
        event,
    };
    Frame {
        job: record.job,
        seq,
        pos: record.pos,
        is_final: event.is_final(),
        text: serde_json::to_string(&wire)
            .expect("frames are plain data")
            .into(),
    }
}

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("too many callers wait for jobs")]
pub struct WaitersFull;

/// A topic's ring and the waiters for a job's end, by job.
#[derive(Default)]
struct Registry {
    jobs: HashMap<JobId, broadcast::Sender<Signal>>,
    tenants: HashMap<Tenant, broadcast::Sender<Signal>>,
    waiters: HashMap<JobId, Vec<oneshot::Sender<Arc<JobRow>>>>,
    waiting: usize,
    /// Topics at which the next sweep is due.
    sweep_at: usize,
}

/// Fan-out of committed events. Cloned handles share it.
#[derive(Clone)]
pub struct EventHub {
    // A lock because HTTP threads subscribe while the writer publishes; held for map operations only.
    registry: Arc<Mutex<Registry>>,
    listeners: Arc<AtomicUsize>,
    waiters_max: usize,
}

impl EventHub {
    pub fn new(waiters_max: usize) -> Self {
        Self {
            registry: Arc::default(),
            listeners: Arc::default(),
            waiters_max,
        }
    }

    pub fn follow_job(&self, job: JobId) -> broadcast::Receiver<Signal> {
        self.subscribe(|registry| {
            registry
                .jobs
                .entry(job)
                .or_insert_with(|| broadcast::Sender::new(JOB_RING_SIGNALS))
        })
    }

    pub fn follow_tenant(&self, tenant: &Tenant) -> broadcast::Receiver<Signal> {
        self.subscribe(|registry| {
            registry
                .tenants
                .entry(tenant.clone())
                .or_insert_with(|| broadcast::Sender::new(TENANT_RING_SIGNALS))
        })
    }

    /// Resolves with the job's row once its end is committed.
    pub fn wait_for_end(&self, job: JobId) -> Result<oneshot::Receiver<Arc<JobRow>>, WaitersFull> {
        let mut registry = self.registry();
        if registry.waiting >= self.waiters_max {
            registry.forget_gone_waiters();
            if registry.waiting >= self.waiters_max {
                return Err(WaitersFull);
            }
        }
        let (tell, told) = oneshot::channel();
        registry.waiters.entry(job).or_default().push(tell);
        registry.waiting += 1;
        self.listeners
            .store(registry.listeners(), Ordering::Release);
        Ok(told)
    }

    /// Tells everyone concerned of a committed record.
    pub fn publish(&self, record: &Record, pos: u64) {
        if self.listeners.load(Ordering::Acquire) == 0 {
            return;
        }
        let is_final = record.row.state.is_final();
        let (rings, waiters) = {
            let mut registry = self.registry();
            let rings = registry.heard(record);
            let waiters = if is_final {
                registry.end(record.job)
            } else {
                Vec::new()
            };
            registry.forget_unheard();
            self.listeners
                .store(registry.listeners(), Ordering::Release);
            (rings, waiters)
        };
        if !rings.is_empty() {
            let stored = StoredRecord {
                pos,
                job: record.job,
                first_seq: record.first_seq,
                at: record.at,
                events: record.events.clone(),
            };
            for frame in frames_of(&stored).map(Arc::new) {
                for ring in &rings {
                    // Err means that the last subscriber has just left.
                    let _ = ring.send(Signal::Committed(frame.clone()));
                }
            }
        }
        for waiter in waiters {
            let _ = waiter.send(record.row.clone());
        }
    }

    /// A commit of this record failed, or seemed to: whoever is concerned looks into the journal.
    pub fn doubt(&self, record: &Record) {
        let mut registry = self.registry();
        for ring in registry.heard(record) {
            let _ = ring.send(Signal::Resync);
        }
        // Dropped unanswered, they read the job's row again.
        drop(registry.end_waiting(record.job));
        self.listeners
            .store(registry.listeners(), Ordering::Release);
    }

    /// Tells watchers of a job something that is not journaled.
    pub fn tick<T: Serialize>(&self, job: JobId, name: &'static str, at: Timestamp, data: &T) {
        if self.listeners.load(Ordering::Acquire) == 0 {
            return;
        }
        let registry = self.registry();
        let Some(ring) = registry
            .jobs
            .get(&job)
            .filter(|ring| ring.receiver_count() > 0)
        else {
            return;
        };
        let wire = WireTick {
            name,
            at: at.rfc3339(),
            job,
            data,
        };
        if let Ok(text) = serde_json::to_string(&wire) {
            let _ = ring.send(Signal::Tick(text.into()));
        }
    }

    /// Makes every subscriber and waiter read the journal: used when commits may have gone untold.
    pub fn resync(&self) {
        let mut registry = self.registry();
        for ring in registry.jobs.values().chain(registry.tenants.values()) {
            let _ = ring.send(Signal::Resync);
        }
        registry.waiters.clear();
        registry.waiting = 0;
        self.listeners
            .store(registry.listeners(), Ordering::Release);
    }

    fn subscribe(
        &self,
        ring_of: impl FnOnce(&mut Registry) -> &mut broadcast::Sender<Signal>,
    ) -> broadcast::Receiver<Signal> {
        let mut registry = self.registry();
        let receiver = ring_of(&mut registry).subscribe();
        self.listeners
            .store(registry.listeners(), Ordering::Release);
        receiver
    }

    fn registry(&self) -> MutexGuard<'_, Registry> {
        self.registry
            .lock()
            .expect("no holder of this lock can panic")
    }
}

/// Topics kept before those without subscribers are swept for the first time.
const TOPICS_SWEPT_FROM: usize = 256;

impl Registry {
    fn listeners(&self) -> usize {
        self.jobs.len() + self.tenants.len() + self.waiters.len()
    }

    /// The rings somebody listens to.
    fn heard(&self, record: &Record) -> Vec<broadcast::Sender<Signal>> {
        let rings = [self.jobs.get(&record.job), self.tenants.get(&record.tenant)];
        let heard = rings
            .into_iter()
            .flatten()
            .filter(|ring| ring.receiver_count() > 0);
        heard.cloned().collect()
    }

    /// Forgets a job that has ended, and gives back who waited for that.
    fn end(&mut self, job: JobId) -> Vec<oneshot::Sender<Arc<JobRow>>> {
        self.jobs.remove(&job);
        self.end_waiting(job)
    }

    fn end_waiting(&mut self, job: JobId) -> Vec<oneshot::Sender<Arc<JobRow>>> {
        let waiters = self.waiters.remove(&job).unwrap_or_default();
        self.waiting -= waiters.len();
        waiters
    }

    /// Sweeps each time the topics have doubled, so that a publication pays a constant share of it.
    fn forget_unheard(&mut self) {
        if self.jobs.len() + self.tenants.len() < self.sweep_at.max(TOPICS_SWEPT_FROM) {
            return;
        }
        self.jobs.retain(|_, ring| ring.receiver_count() > 0);
        self.tenants.retain(|_, ring| ring.receiver_count() > 0);
        self.sweep_at = 2 * (self.jobs.len() + self.tenants.len());
    }

    fn forget_gone_waiters(&mut self) {
        self.waiters.retain(|_, waiters| {
            waiters.retain(|waiter| !waiter.is_closed());
            !waiters.is_empty()
        });
        self.waiting = self.waiters.values().map(Vec::len).sum();
    }
}
