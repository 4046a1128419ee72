//! The tree as anyone may look at it, taken from counters without asking any actor.

use serde::{Deserialize, Serialize};
use tokio::time::Instant;

use super::Tree;
use super::node::{ChildVitals, Forest, Group, NodeId, Part, ROOT};
use crate::child::{Intensity, Strategy};
use crate::crew::{BreakerVitals, CrewVitals, WorkerVitals};
use crate::event::whole_millis;

/// The whole tree at one moment.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct TreeSnapshot {
    pub root: NodeSnapshot,
}

/// What kind of node a snapshot shows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeKind {
    Supervisor,
    Crew,
    Resident,
}

/// How a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NodeState {
    Starting,
    Running,
    /// Waiting for its rebuild.
    Backoff,
    /// Recycled whole within the window of its intensity; the next excess goes to its parent.
    Escalated,
    Paused,
    Draining,
}

/// One node with everything below it.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NodeSnapshot {
    pub name: String,
    /// Names from the root down, joined by `/`.
    pub path: String,
    pub kind: NodeKind,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub strategy: Option<Strategy>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub intensity: Option<IntensitySnapshot>,
    pub restarts_in_window: usize,
    /// Of a resident; 0 otherwise.
    pub generation: u64,
    pub state: NodeState,
    pub children: Vec<NodeSnapshot>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub crew: Option<CrewSnapshot>,
}

/// [`Intensity`] with its unit in the name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct IntensitySnapshot {
    pub restarts_max: u32,
    pub window_ms: u64,
}

/// The part of a snapshot that only crews have.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct CrewSnapshot {
    pub queue_depth: usize,
    pub queue_max: usize,
    pub in_hand: usize,
    pub held: usize,
    pub breaker: BreakerVitals,
    pub workers: Vec<WorkerVitals>,
    pub last_failure: Option<String>,
}

impl Tree {
    pub(crate) fn snapshot(&self) -> TreeSnapshot {
        TreeSnapshot {
            root: self
                .lock()
                .snapshot(ROOT, Instant::now())
                .expect("the root is never removed"),
        }
    }

    /// The vitals of every crew.
    pub(crate) fn crews(&self) -> Vec<CrewVitals> {
        self.lock().crews()
    }
}

impl Forest {
    fn snapshot(&mut self, id: NodeId, now: Instant) -> Option<NodeSnapshot> {
        let node = self.node(id)?;
        let (name, path) = (node.name.clone(), node.subject.node.to_string());
        if let Part::Child(child) = &node.part {
            return Some(NodeSnapshot {
                name,
                path,
                kind: NodeKind::Resident,
                strategy: None,
                intensity: None,
                restarts_in_window: 0,
                generation: child.vitals.generation(),
                state: state_of_child(&child.vitals),
                children: Vec::new(),
                crew: None,
            });
        }
        let group = self.group_mut(id)?;
        let restarts_in_window = group.deaths.deaths(now);
        let intensity = group.deaths.intensity();
        let crew = group.crew.as_ref().map(|crew| (crew.vitals)());
        let state = state_of_group(group, crew.as_ref(), intensity, now);
        let strategy = group.strategy;
        let children = match crew {
            Some(_) => Vec::new(),
            None => group.children.clone(),
        };
        Some(NodeSnapshot {
            name,
            path,
            kind: crew
                .as_ref()
                .map_or(NodeKind::Supervisor, |_| NodeKind::Crew),
            strategy: Some(strategy),
            intensity: Some(IntensitySnapshot {
                restarts_max: intensity.restarts_max,
                window_ms: whole_millis(intensity.window),
            }),
            restarts_in_window,
            generation: 0,
            state,
            children: children
                .into_iter()
                .filter_map(|child| self.snapshot(child, now))
                .collect(),
            crew: crew.map(CrewSnapshot::from),
        })
    }

    fn crews(&self) -> Vec<CrewVitals> {
        let mut found = Vec::new();
        self.crews_below(ROOT, &mut found);
        found
    }

    fn crews_below(&self, id: NodeId, found: &mut Vec<CrewVitals>) {
        if let Some(Part::Group(group)) = self.node(id).map(|node| &node.part) {
            match &group.crew {
                Some(crew) => found.push((crew.vitals)()),
                None => group
                    .children
                    .iter()
                    .for_each(|child| self.crews_below(*child, found)),
            }
        }
    }
}

fn state_of_child(vitals: &ChildVitals) -> NodeState {
    if vitals.is_running() {
        NodeState::Running
    } else if vitals.is_resting() {
        NodeState::Backoff
    } else {
        NodeState::Starting
    }
}

fn state_of_group(
    group: &Group,
    crew: Option<&CrewVitals>,
    intensity: Intensity,
    now: Instant,
) -> NodeState {
    let escalated = group
        .recycled_at
        .is_some_and(|at| now.duration_since(at) <= intensity.window);
    match crew {
        _ if escalated => NodeState::Escalated,
        Some(crew) if crew.draining => NodeState::Draining,
        Some(crew) if crew.paused => NodeState::Paused,
        _ => NodeState::Running,
    }
}

impl From<CrewVitals> for CrewSnapshot {
    fn from(vitals: CrewVitals) -> Self {
        Self {
            queue_depth: vitals.queue_depth,
            queue_max: vitals.queue_max,
            in_hand: vitals.in_hand,
            held: vitals.held,
            breaker: vitals.breaker,
            workers: vitals.workers,
            last_failure: vitals.last_failure,
        }
    }
}
