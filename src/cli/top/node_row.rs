//! Nodes of the supervision tree as rows.

use callboard_runtime::{
    BreakerState, CrewSnapshot, NodeSnapshot, NodeState, TreeSnapshot, WorkerState,
};

use super::pane::Order;

/// One node, without those below it.
#[derive(Debug, Clone)]
pub struct NodeRow {
    /// Nodes above it.
    pub depth: usize,
    pub node: NodeSnapshot,
}

/// How nodes are ordered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum NodeOrder {
    /// As the supervisors have them.
    #[default]
    Tree,
    /// The longest queue first.
    Queue,
    /// The most tasks in hand first.
    InHand,
    /// What is not as it should be first.
    Trouble,
}

impl Order for NodeOrder {
    type Row = NodeRow;

    fn name(self) -> &'static str {
        match self {
            Self::Tree => "tree",
            Self::Queue => "queue",
            Self::InHand => "in hand",
            Self::Trouble => "trouble",
        }
    }

    fn next(self) -> Self {
        match self {
            Self::Tree => Self::Queue,
            Self::Queue => Self::InHand,
            Self::InHand => Self::Trouble,
            Self::Trouble => Self::Tree,
        }
    }

    fn sort(self, rows: &mut [&NodeRow]) {
        let of_crew = |row: &NodeRow, figure: fn(&CrewSnapshot) -> usize| {
            std::cmp::Reverse(row.node.crew.as_ref().map(figure))
        };
        match self {
            Self::Tree => {}
            Self::Queue => rows.sort_by_key(|row| of_crew(row, |crew| crew.queue_depth)),
            Self::InHand => rows.sort_by_key(|row| of_crew(row, |crew| crew.in_hand)),
            Self::Trouble => rows.sort_by_key(|row| std::cmp::Reverse(row.trouble())),
        }
    }

    fn id(row: &NodeRow) -> String {
        row.node.path.clone()
    }

    fn text(row: &NodeRow) -> String {
        let breaker = row
            .node
            .crew
            .as_ref()
            .map(|crew| breaker(crew.breaker.state));
        let state = state(row.node.state);
        format!("{} {state} {}", row.node.path, breaker.unwrap_or_default())
    }
}

impl NodeRow {
    /// Every node, each supervisor before what it supervises.
    pub fn all(tree: TreeSnapshot) -> Vec<Self> {
        let mut rows = Vec::new();
        gather(tree.root, 0, &mut rows);
        rows
    }

    /// Workers with a task, and workers.
    pub fn busy(&self) -> Option<(usize, usize)> {
        let workers = &self.node.crew.as_ref()?.workers;
        let busy = workers
            .iter()
            .filter(|worker| worker.state == WorkerState::Busy);
        Some((busy.count(), workers.len()))
    }

    /// Panics of tasks since the process started.
    pub fn panics(&self) -> Option<u64> {
        let crew = self.node.crew.as_ref()?;
        Some(crew.workers.iter().map(|worker| worker.panics).sum())
    }

    /// Greater where more is amiss.
    fn trouble(&self) -> (bool, BreakerRank, usize, u64) {
        let breaker = match self.node.crew.as_ref().map(|crew| crew.breaker.state) {
            Some(BreakerState::Open) => BreakerRank(2),
            Some(BreakerState::HalfOpen) => BreakerRank(1),
            Some(BreakerState::Closed) | None => BreakerRank(0),
        };
        let amiss = self.node.state != NodeState::Running;
        let panics = self.panics().unwrap_or_default();
        (amiss, breaker, self.node.restarts_in_window, panics)
    }
}

#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct BreakerRank(u8);

fn gather(mut node: NodeSnapshot, depth: usize, rows: &mut Vec<NodeRow>) {
    let children = std::mem::take(&mut node.children);
    rows.push(NodeRow { depth, node });
    for child in children {
        gather(child, depth + 1, rows);
    }
}

pub const fn state(state: NodeState) -> &'static str {
    match state {
        NodeState::Starting => "starting",
        NodeState::Running => "running",
        NodeState::Backoff => "backoff",
        NodeState::Escalated => "escalated",
        NodeState::Paused => "paused",
        NodeState::Draining => "draining",
    }
}

pub const fn breaker(state: BreakerState) -> &'static str {
    match state {
        BreakerState::Closed => "closed",
        BreakerState::HalfOpen => "half-open",
        BreakerState::Open => "open",
    }
}

pub const fn worker(state: WorkerState) -> &'static str {
    match state {
        WorkerState::Idle => "idle",
        WorkerState::Busy => "busy",
        WorkerState::Backoff => "backoff",
        WorkerState::Dead => "dead",
    }
}
