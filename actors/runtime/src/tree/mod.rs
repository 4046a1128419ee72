//! The live supervision tree: who stands under whom, and what follows from a death.
//! Decisions are taken synchronously at the death, on the thread of the child that died; no supervisor task exists that could itself die.

#![expect(
    clippy::disallowed_types,
    reason = "deaths and snapshots come from every arbiter and are rare"
)]

mod closing;
mod node;
mod snapshot;
mod verdict;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use crate::child::{Backoff, Intensity, Restart, SupervisorSpec};
use crate::event::{Bus, Detail, EventKind, Subject};
use crate::exit::Exit;
use crate::intensity::DeathWindow;

pub(crate) use node::{ChildVitals, CrewNode, NodeId, Order, ROOT, Verdict};
pub use snapshot::{
    CrewSnapshot, IntensitySnapshot, NodeKind, NodeSnapshot, NodeState, TreeSnapshot,
};

use node::{Child, Forest, Group, Node};

/// The root gives up soon: what reaches it has already exhausted the patience of a group.
const ROOT_INTENSITY: Intensity = Intensity {
    restarts_max: 1,
    window: std::time::Duration::from_secs(60),
};

pub(crate) struct Tree {
    // A lock: births, deaths and snapshots are rare, short and come from every arbiter; no task passes here.
    forest: Mutex<Forest>,
    pub(crate) bus: Bus,
    escalated: watch::Sender<Option<String>>,
}

/// What a child must say about itself to be supervised.
pub(crate) struct ChildEntry {
    pub(crate) name: String,
    pub(crate) restart: Restart,
    pub(crate) backoff: Backoff,
    pub(crate) shutdown: std::time::Duration,
    /// The number of a crew's worker; its events carry the path of its crew.
    pub(crate) worker: Option<u32>,
}

/// The connection of a child with the tree, held by its lifeline and its actor.
#[derive(Clone)]
pub(crate) struct ChildLink {
    tree: Arc<Tree>,
    id: NodeId,
    pub(crate) subject: Arc<Subject>,
    pub(crate) vitals: Arc<ChildVitals>,
}

impl Tree {
    pub(crate) fn new() -> Arc<Self> {
        let root = SupervisorSpec {
            intensity: ROOT_INTENSITY,
            ..SupervisorSpec::new("root")
        };
        Arc::new(Self {
            forest: Mutex::new(Forest::rooted(&root)),
            bus: Bus::new(),
            escalated: watch::Sender::new(None),
        })
    }

    pub(crate) fn escalated(&self) -> watch::Receiver<Option<String>> {
        self.escalated.subscribe()
    }

    /// Adds a group. That of a crew has a role, and is shown as a crew from [`Self::set_crew`] on.
    pub(crate) fn add_group(
        &self,
        parent: NodeId,
        spec: &SupervisorSpec,
        role: Option<&str>,
    ) -> NodeId {
        let mut forest = self.lock();
        let subject = forest.subject_under(parent, &spec.name, role);
        forest.add(Node::group(
            Some(parent),
            &spec.name,
            subject,
            Group {
                strategy: spec.strategy,
                deaths: DeathWindow::new(spec.intensity),
                recycled_at: None,
                children: Vec::new(),
                crew: None,
            },
        ))
    }

    /// Shows the group `id` as a crew, whose first child is its desk.
    pub(crate) fn set_crew(&self, id: NodeId, crew: CrewNode) {
        if let Some(group) = self.lock().group_mut(id) {
            group.crew = Some(crew);
        }
    }

    pub(crate) fn add_child(
        self: &Arc<Self>,
        parent: NodeId,
        entry: ChildEntry,
    ) -> (ChildLink, mpsc::UnboundedReceiver<Order>) {
        let (orders, inbox) = mpsc::unbounded_channel();
        let vitals = Arc::new(ChildVitals::new());
        let mut forest = self.lock();
        let subject = forest.subject_of_child(parent, &entry);
        let id = forest.add(Node::child(
            parent,
            &entry.name,
            subject.clone(),
            Child {
                restart: entry.restart,
                backoff: entry.backoff,
                shutdown: entry.shutdown,
                deaths_in_a_row: 0,
                last_death: None,
                orders,
                vitals: vitals.clone(),
            },
        ));
        let link = ChildLink {
            tree: self.clone(),
            id,
            subject,
            vitals,
        };
        (link, inbox)
    }

    /// True once the shutdown has begun.
    pub(crate) fn is_closing(&self) -> bool {
        self.lock().closing
    }

    pub(crate) fn publish(&self, kind: EventKind, subject: &Subject, detail: Detail) {
        self.bus.publish(kind, subject, detail);
    }

    fn lock(&self) -> MutexGuard<'_, Forest> {
        self.forest.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl ChildLink {
    /// A new instance serves; returns its generation. A recycle has been announced already and is not announced again.
    pub(crate) fn built(&self) -> u64 {
        let (generation, recycled) = self.vitals.built();
        if !recycled {
            self.publish(EventKind::Started, Detail::generation(generation));
        }
        generation
    }

    pub(crate) fn died(&self, exit: &Exit) -> Verdict {
        let verdict = self
            .tree
            .lock()
            .died(&self.tree, self.id, exit, Instant::now());
        if let Verdict::Restart(_) = verdict {
            self.vitals.resting();
        }
        verdict
    }

    pub(crate) fn ended(&self) {
        if self.vitals.ended() {
            self.tree.lock().remove(self.id);
            self.publish(
                EventKind::Stopped,
                Detail::generation(self.vitals.generation()),
            );
        }
    }

    pub(crate) fn publish(&self, kind: EventKind, detail: Detail) {
        self.tree.publish(kind, &self.subject, detail);
    }

    /// Publishes in the name of a worker of this crew.
    pub(crate) fn publish_of_worker(&self, kind: EventKind, worker: u32, detail: Detail) {
        let subject = Subject {
            worker: Some(worker),
            ..(*self.subject).clone()
        };
        self.tree.publish(kind, &subject, detail);
    }
}
