//! One runtime: its arbiters, its supervision tree, its events and its readiness.

use std::future::Future;
use std::num::NonZeroUsize;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;

use futures_util::FutureExt;
use tokio::sync::{broadcast, watch};

use crate::arbiter::Arbiters;
use crate::child::SupervisorSpec;
use crate::compute::ComputePool;
use crate::crew::BreakerState;
use crate::event::{EventKind, SupervisionEvent};
use crate::exit::{self, SCOPE, Scope};
use crate::supervisor::Supervisor;
use crate::tree::{ROOT, Tree, TreeSnapshot};
use crate::watchdog::Watchdog;

/// On which arbiter something lives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// The one arbiter of queues and long-lived actors.
    Core,
    /// The next arbiter of the workers, in turn.
    Roles,
}

/// Whether the runtime is well.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    Sound,
    /// Works, but not in full; one sentence for each reason.
    Degraded(Vec<String>),
    /// Gave up; the process should end.
    Failed(String),
}

/// A runtime. Clones share it.
#[derive(Clone)]
pub struct Universe {
    shared: Arc<Shared>,
}

pub(crate) struct Shared {
    pub(crate) arbiters: Arbiters,
    pub(crate) tree: Arc<Tree>,
    pub(crate) compute: Arc<ComputePool>,
    watchdog: Option<Watchdog>,
}

impl Universe {
    /// Everything on the arbiter of the calling actix System, without a watchdog.
    pub fn current_thread() -> Self {
        Self::on(Arbiters::current(), |_, _| None)
    }

    /// A core arbiter, `role_arbiters` more for the workers, and a watchdog over all of them.
    /// The calling thread must belong to an actix System.
    pub fn threads(role_arbiters: NonZeroUsize) -> Self {
        Self::on(Arbiters::started(role_arbiters), |arbiters, tree| {
            Some(Watchdog::start(arbiters.named(), tree.clone()))
        })
    }

    fn on(
        arbiters: Arbiters,
        watchdog: impl FnOnce(&Arbiters, &Arc<Tree>) -> Option<Watchdog>,
    ) -> Self {
        let tree = Tree::new();
        let watchdog = watchdog(&arbiters, &tree);
        Self {
            shared: Arc::new(Shared {
                arbiters,
                tree,
                compute: Arc::new(ComputePool::new()),
                watchdog,
            }),
        }
    }

    /// A group of children below the root.
    pub fn supervisor(&self, spec: SupervisorSpec) -> Supervisor {
        Supervisor::under(self.shared.clone(), ROOT, &spec)
    }

    /// Every event after this call. The ring keeps the last [`EVENTS_MAX`](crate::EVENTS_MAX).
    pub fn events(&self) -> broadcast::Receiver<SupervisionEvent> {
        self.shared.tree.bus.subscribe()
    }

    /// How many events of a kind there were, of which a lagging reader may have missed some.
    pub fn events_total(&self, kind: EventKind) -> u64 {
        self.shared.tree.bus.count(kind)
    }

    /// The tree with its crews and their workers, without asking any of them.
    pub fn tree(&self) -> TreeSnapshot {
        self.shared.tree.snapshot()
    }

    /// How the runtime is.
    pub fn condition(&self) -> Condition {
        if let Some(cause) = &*self.shared.tree.escalated().borrow() {
            return Condition::Failed(cause.clone());
        }
        let mut reasons: Vec<String> = self
            .stalled()
            .map(|arbiter| format!("arbiter {arbiter} does not answer"))
            .collect();
        for crew in self.shared.tree.crews() {
            match crew.breaker.state {
                BreakerState::Closed => {}
                BreakerState::Open => reasons.push(format!("breaker of {} is open", crew.role)),
                BreakerState::HalfOpen => {
                    reasons.push(format!("breaker of {} is half-open", crew.role));
                }
            }
            if crew.paused {
                reasons.push(format!("role {} is paused", crew.role));
            }
        }
        if reasons.is_empty() {
            Condition::Sound
        } else {
            Condition::Degraded(reasons)
        }
    }

    /// False while an arbiter does not answer, and for good once the root gave up.
    pub fn is_ready(&self) -> bool {
        self.shared.tree.escalated().borrow().is_none() && self.stalled().next().is_none()
    }

    /// Becomes `Some(cause)` when the root gives up: the process should then drain and exit non-zero.
    pub fn escalated(&self) -> watch::Receiver<Option<String>> {
        self.shared.tree.escalated()
    }

    /// Runs a future on an arbiter, unsupervised. A panic in it is logged and ends this future only.
    pub fn spawn(&self, home: Home, future: impl Future<Output = ()> + Send + 'static) {
        let scope = Scope {
            node: "spawned".into(),
            task: None,
        };
        self.shared
            .arbiters
            .at(home)
            .spawn(SCOPE.scope(scope, async move {
                if let Err(payload) = AssertUnwindSafe(future).catch_unwind().await {
                    tracing::error!(
                        panic.message = exit::text(&*payload),
                        "a spawned future panicked"
                    );
                }
            }));
    }

    /// Stops the children from the last started to the first, each within its `shutdown`, then the arbiters.
    pub async fn shutdown(&self) {
        self.shared.tree.close().await;
        self.shared.arbiters.stop();
    }

    fn stalled(&self) -> impl Iterator<Item = &str> {
        self.shared.watchdog.iter().flat_map(Watchdog::stalled)
    }
}
