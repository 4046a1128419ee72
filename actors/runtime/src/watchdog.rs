//! Watches the threads of the arbiters from a thread of its own: each must answer a ping every second.
//! One that stays silent for three is reported and takes readiness away until it answers again.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

use actix::ArbiterHandle;

use crate::event::{Detail, EventKind, Subject};
use crate::tree::Tree;

const PING_EVERY: Duration = Duration::from_secs(1);
const SILENCE_MAX: Duration = Duration::from_secs(3);
const TICK: Duration = Duration::from_millis(100);

/// Dropping it ends the thread.
pub(crate) struct Watchdog {
    watched: Vec<Arc<Watched>>,
    _stop: mpsc::Sender<()>,
}

struct Watched {
    name: String,
    arbiter: ArbiterHandle,
    /// Milliseconds after the start of the watchdog.
    answered_ms: AtomicU64,
    stalled: AtomicBool,
}

impl Watchdog {
    pub(crate) fn start(arbiters: Vec<(String, ArbiterHandle)>, tree: Arc<Tree>) -> Self {
        let watched: Vec<Arc<Watched>> = arbiters
            .into_iter()
            .map(|(name, arbiter)| {
                Arc::new(Watched {
                    name,
                    arbiter,
                    answered_ms: AtomicU64::new(0),
                    stalled: AtomicBool::new(false),
                })
            })
            .collect();
        let (stop, stopped) = mpsc::channel();
        let patients = watched.clone();
        thread::Builder::new()
            .name("callboard-watchdog".to_owned())
            .spawn(move || watch(&patients, &tree, &stopped))
            .expect("the system can start one more thread");
        Self {
            watched,
            _stop: stop,
        }
    }

    /// Names of the arbiters that do not answer.
    pub(crate) fn stalled(&self) -> Vec<&str> {
        self.watched
            .iter()
            .filter(|watched| watched.stalled.load(Ordering::Acquire))
            .map(|watched| watched.name.as_str())
            .collect()
    }
}

fn watch(watched: &[Arc<Watched>], tree: &Tree, stopped: &mpsc::Receiver<()>) {
    let start = Instant::now();
    let mut ping_at = Duration::ZERO;
    while let Err(mpsc::RecvTimeoutError::Timeout) = stopped.recv_timeout(TICK) {
        if tree.is_closing() {
            return;
        }
        let now = start.elapsed();
        if now >= ping_at {
            ping_at = now + PING_EVERY;
            watched.iter().for_each(|watched| watched.ping(start));
        }
        watched.iter().for_each(|watched| watched.judge(now, tree));
    }
}

impl Watched {
    fn ping(self: &Arc<Self>, start: Instant) {
        let this = self.clone();
        self.arbiter.spawn_fn(move || {
            this.answered_ms
                .store(millis(start.elapsed()), Ordering::Release);
        });
    }

    fn judge(&self, now: Duration, tree: &Tree) {
        let answered = Duration::from_millis(self.answered_ms.load(Ordering::Acquire));
        let silent = now.saturating_sub(answered) >= SILENCE_MAX;
        if silent == self.stalled.swap(silent, Ordering::AcqRel) {
            return;
        }
        let subject = Subject {
            node: format!("arbiter/{}", self.name).into(),
            role: None,
            worker: None,
        };
        let (kind, detail) = match silent {
            true => (
                EventKind::ArbiterStalled,
                Detail::default().cause(format!("no answer for {} s", SILENCE_MAX.as_secs())),
            ),
            false => (EventKind::ArbiterRecovered, Detail::default()),
        };
        tree.publish(kind, &subject, detail);
    }
}

fn millis(elapsed: Duration) -> u64 {
    crate::event::whole_millis(elapsed)
}
