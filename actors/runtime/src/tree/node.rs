//! The arena of the tree.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU8, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;

use super::ChildEntry;
use crate::child::{Backoff, Restart, Strategy, SupervisorSpec};
use crate::crew::CrewVitals;
use crate::event::Subject;
use crate::intensity::DeathWindow;

pub(crate) type NodeId = u64;
pub(crate) const ROOT: NodeId = 0;

/// What the tree tells a child's lifeline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Order {
    /// Replace the instance at once; the mailbox stays.
    Recycle,
    /// End after the messages told so far.
    Stop,
    /// End now.
    Kill,
}

/// What becomes of a child that died.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    Restart(Duration),
    End,
}

/// How a crew shows itself to the tree.
#[derive(Clone)]
pub(crate) struct CrewNode {
    pub(crate) vitals: Arc<dyn Fn() -> CrewVitals + Send + Sync>,
    /// Hands out and accepts nothing more.
    pub(crate) halt: Arc<dyn Fn() + Send + Sync>,
}

pub(crate) struct Forest {
    nodes: BTreeMap<NodeId, Node>,
    next: NodeId,
    pub(super) closing: bool,
}

pub(super) struct Node {
    pub(super) name: String,
    pub(super) subject: Arc<Subject>,
    pub(super) parent: Option<NodeId>,
    pub(super) part: Part,
}

pub(super) enum Part {
    Group(Group),
    Child(Child),
}

pub(super) struct Group {
    pub(super) strategy: Strategy,
    pub(super) deaths: DeathWindow,
    /// When the group was last recycled whole for exceeding its intensity.
    pub(super) recycled_at: Option<Instant>,
    /// In the order of their start.
    pub(super) children: Vec<NodeId>,
    pub(super) crew: Option<CrewNode>,
}

pub(super) struct Child {
    pub(super) restart: Restart,
    pub(super) backoff: Backoff,
    pub(super) shutdown: Duration,
    pub(super) deaths_in_a_row: u32,
    pub(super) last_death: Option<Instant>,
    pub(super) orders: mpsc::UnboundedSender<Order>,
    pub(super) vitals: Arc<ChildVitals>,
}

impl Node {
    pub(super) fn group(
        parent: Option<NodeId>,
        name: &str,
        subject: Arc<Subject>,
        group: Group,
    ) -> Self {
        Self {
            name: name.to_owned(),
            subject,
            parent,
            part: Part::Group(group),
        }
    }

    pub(super) fn child(parent: NodeId, name: &str, subject: Arc<Subject>, child: Child) -> Self {
        Self {
            name: name.to_owned(),
            subject,
            parent: Some(parent),
            part: Part::Child(child),
        }
    }
}

impl Forest {
    pub(super) fn rooted(root: &SupervisorSpec) -> Self {
        let mut forest = Self {
            nodes: BTreeMap::new(),
            next: ROOT,
            closing: false,
        };
        let subject = Arc::new(Subject {
            node: root.name.as_str().into(),
            role: None,
            worker: None,
        });
        forest.add(Node::group(
            None,
            &root.name,
            subject,
            Group {
                strategy: root.strategy,
                deaths: DeathWindow::new(root.intensity),
                recycled_at: None,
                children: Vec::new(),
                crew: None,
            },
        ));
        forest
    }

    pub(super) fn add(&mut self, node: Node) -> NodeId {
        let id = self.next;
        self.next += 1;
        if let Some(parent) = node.parent.and_then(|parent| self.group_mut(parent)) {
            parent.children.push(id);
        }
        self.nodes.insert(id, node);
        id
    }

    pub(super) fn remove(&mut self, id: NodeId) {
        let parent = self.nodes.remove(&id).and_then(|node| node.parent);
        if let Some(group) = parent.and_then(|parent| self.group_mut(parent)) {
            group.children.retain(|child| *child != id);
        }
    }

    pub(super) fn subject_under(
        &self,
        parent: NodeId,
        name: &str,
        role: Option<&str>,
    ) -> Arc<Subject> {
        let path = match self.nodes.get(&parent) {
            Some(parent) => format!("{}/{name}", parent.subject.node),
            None => name.to_owned(),
        };
        Arc::new(Subject {
            node: path.into(),
            role: role.map(Into::into),
            worker: None,
        })
    }

    /// The parts of a crew speak in the name of the crew.
    pub(super) fn subject_of_child(&self, parent: NodeId, entry: &ChildEntry) -> Arc<Subject> {
        match self.nodes.get(&parent) {
            Some(group) if group.subject.role.is_some() => Arc::new(Subject {
                worker: entry.worker,
                ..(*group.subject).clone()
            }),
            _ => self.subject_under(parent, &entry.name, None),
        }
    }

    pub(super) fn node(&self, id: NodeId) -> Option<&Node> {
        self.nodes.get(&id)
    }

    pub(super) fn group_mut(&mut self, id: NodeId) -> Option<&mut Group> {
        match self.nodes.get_mut(&id).map(|node| &mut node.part) {
            Some(Part::Group(group)) => Some(group),
            _ => None,
        }
    }

    pub(super) fn child_mut(&mut self, id: NodeId) -> Option<&mut Child> {
        match self.nodes.get_mut(&id).map(|node| &mut node.part) {
            Some(Part::Child(child)) => Some(child),
            _ => None,
        }
    }
}

const STARTING: u8 = 0;
const RUNNING: u8 = 1;
const RESTING: u8 = 2;
const ENDED: u8 = 3;

/// What anyone may read about a child without asking its thread.
pub(crate) struct ChildVitals {
    generation: AtomicU64,
    state: AtomicU8,
    recycling: AtomicBool,
    ended: watch::Sender<bool>,
}

impl ChildVitals {
    pub(super) fn new() -> Self {
        Self {
            generation: AtomicU64::new(0),
            state: AtomicU8::new(STARTING),
            recycling: AtomicBool::new(false),
            ended: watch::Sender::new(false),
        }
    }

    /// 0 before the first instance, then 1 and one more at each rebuild.
    pub(crate) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    pub(crate) fn is_running(&self) -> bool {
        self.state.load(Ordering::Acquire) == RUNNING
    }

    pub(crate) fn is_resting(&self) -> bool {
        self.state.load(Ordering::Acquire) == RESTING
    }

    pub(crate) fn recycling(&self) {
        self.recycling.store(true, Ordering::Release);
    }

    pub(super) fn built(&self) -> (u64, bool) {
        let generation = self.generation.fetch_add(1, Ordering::AcqRel) + 1;
        self.state.store(RUNNING, Ordering::Release);
        (generation, self.recycling.swap(false, Ordering::AcqRel))
    }

    pub(super) fn resting(&self) {
        self.state.store(RESTING, Ordering::Release);
    }

    /// True the first time.
    pub(super) fn ended(&self) -> bool {
        self.state.store(ENDED, Ordering::Release);
        !self.ended.send_replace(true)
    }

    pub(super) fn end(&self) -> watch::Receiver<bool> {
        self.ended.subscribe()
    }
}
