//! The graph of a job's facts: which rest on which, who stated them, who verified them, what quotes them.
//!
//! An edge leads from what depends to what it depends on, so that a walk along the edges is a walk to the origins. Every
//! edge leads to a node of the graph.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use callboard_orchestra::{
    Fact, FactId, TaskId,
    artifact::Artifact,
    fact::Standing,
    job::{Job, Stage},
};
use serde::Serialize;
use serde_json::Value;
use utoipa::ToSchema;

/// Facts in one graph.
pub const FACTS_MAX: usize = 10_000;

/// Facts, the tasks behind them and what quotes them.
#[derive(Debug, Serialize, ToSchema)]
pub struct Lineage {
    nodes: Vec<Node>,
    /// From what depends to what it depends on.
    edges: Vec<Edge>,
    /// There are more facts than one graph holds; those left out are the last.
    truncated: bool,
}

#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
#[schema(as = LineageNode)]
pub enum Node {
    /// A statement of a task.
    Fact {
        #[schema(example = "fact_3.1")]
        id: String,
        #[schema(example = "Sharpe ratio of AAPL")]
        statement: String,
        value: Value,
        /// Empty for a value without one.
        #[schema(example = "ratio")]
        unit: String,
        /// Where the inputs came from.
        source: String,
        /// `claimed`, `verified` or `refuted`.
        #[schema(example = "verified")]
        standing: &'static str,
    },
    Task {
        #[schema(example = "task_3")]
        id: String,
        name: String,
        #[schema(example = "market.analyst")]
        role: String,
        #[schema(value_type = String, example = "execute")]
        stage: Stage,
    },
    /// Made by a task that quotes facts.
    Artifact {
        #[schema(example = "artifact_9.growth.svg")]
        id: String,
        name: String,
        media_type: String,
        sha256: String,
        href: String,
    },
}

#[derive(Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = LineageEdge)]
pub struct Edge {
    #[schema(example = "fact_3.1")]
    from: String,
    #[schema(example = "fact_1.0")]
    to: String,
    #[serde(rename = "type")]
    kind: EdgeKind,
    /// How a fact was verified, or why it was refuted.
    #[serde(skip_serializing_if = "Option::is_none")]
    note: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = LineageEdgeType)]
pub enum EdgeKind {
    /// From a fact to a fact.
    DerivedFrom,
    /// From a fact to the task that stated it.
    StatedBy,
    /// From a fact to the task that confirmed it.
    VerifiedBy,
    /// From a fact to the task that contradicted it.
    RefutedBy,
    /// From a task to a fact of its report.
    Quotes,
    /// From an artifact to its task.
    MadeBy,
}

/// The graph of all facts. `quotes` are the facts that each task quotes.
pub fn whole(job: &Job, quotes: &BTreeMap<TaskId, Vec<FactId>>) -> Lineage {
    let facts: BTreeSet<FactId> = job.facts.keys().copied().take(FACTS_MAX).collect();
    let mut graph = Graph::of(job, &facts);
    for (task, quoted) in quotes {
        let quoted: BTreeSet<&FactId> = quoted.iter().filter(|fact| facts.contains(fact)).collect();
        if quoted.is_empty() {
            continue;
        }
        graph.tasks.insert(*task);
        for fact in quoted {
            graph.edge(task_node(*task), fact, EdgeKind::Quotes, None);
        }
        graph.artifacts_of(*task);
    }
    graph.finish(job.facts.len() > FACTS_MAX)
}

/// The graph of one fact and all it rests on; `None` when the job has no such fact.
pub fn ancestry(job: &Job, fact: FactId) -> Option<Lineage> {
    job.facts.get(&fact)?;
    let mut found = BTreeSet::from([fact]);
    let mut next = VecDeque::from([fact]);
    let mut truncated = false;
    while let Some(fact) = next.pop_front() {
        let parents = job.facts.get(&fact).map(|fact| &fact.claim.derived_from);
        for parent in parents.into_iter().flatten() {
            if found.contains(parent) {
                continue;
            }
            if found.len() == FACTS_MAX {
                truncated = true;
                break;
            }
            found.insert(*parent);
            next.push_back(*parent);
        }
    }
    Some(Graph::of(job, &found).finish(truncated))
}

struct Graph<'a> {
    job: &'a Job,
    nodes: Vec<Node>,
    edges: Vec<Edge>,
    tasks: BTreeSet<TaskId>,
}

impl<'a> Graph<'a> {
    /// Facts of the job with their edges among each other and to tasks.
    fn of(job: &'a Job, facts: &BTreeSet<FactId>) -> Self {
        let mut graph = Self {
            job,
            nodes: Vec::with_capacity(facts.len()),
            edges: Vec::new(),
            tasks: BTreeSet::new(),
        };
        for fact in facts.iter().filter_map(|id| job.facts.get(id)) {
            graph.fact(fact, facts);
        }
        graph
    }

    fn fact(&mut self, fact: &Fact, among: &BTreeSet<FactId>) {
        let id = fact.id.to_string();
        self.tasks.insert(fact.id.task);
        let stated_by = task_node(fact.id.task);
        self.edge(id.clone(), stated_by, EdgeKind::StatedBy, None);
        let parents: BTreeSet<&FactId> = fact.claim.derived_from.iter().collect();
        for parent in parents.into_iter().filter(|parent| among.contains(parent)) {
            self.edge(id.clone(), parent, EdgeKind::DerivedFrom, None);
        }
        let standing = match &fact.standing {
            Standing::Claimed => "claimed",
            Standing::Verified { by, method } => {
                self.tasks.insert(*by);
                let note = Some(method.clone());
                self.edge(id.clone(), task_node(*by), EdgeKind::VerifiedBy, note);
                "verified"
            }
            Standing::Refuted { by, reason } => {
                self.tasks.insert(*by);
                let note = Some(reason.clone());
                self.edge(id.clone(), task_node(*by), EdgeKind::RefutedBy, note);
                "refuted"
            }
        };
        self.nodes.push(Node::Fact {
            id,
            statement: fact.claim.statement.clone(),
            value: fact.claim.value.clone(),
            unit: fact.claim.unit.clone(),
            source: fact.claim.source.clone(),
            standing,
        });
    }

    fn artifacts_of(&mut self, task: TaskId) {
        let job = self.job;
        let made = job.artifacts.iter().filter(|(by, _)| *by == task);
        // Of several with one name the last answers to it.
        let named: BTreeMap<&str, &Artifact> = made
            .map(|(_, artifact)| (artifact.name.as_str(), artifact))
            .collect();
        for (name, artifact) in named {
            let id = format!("artifact_{task}.{name}");
            self.edge(id.clone(), task_node(task), EdgeKind::MadeBy, None);
            self.nodes.push(Node::Artifact {
                id,
                name: name.to_owned(),
                media_type: artifact.media_type.clone(),
                sha256: artifact.sha256.clone(),
                href: format!("/v1/jobs/{}/artifacts/{name}", job.id),
            });
        }
    }

    fn edge(&mut self, from: String, to: impl ToString, kind: EdgeKind, note: Option<String>) {
        self.edges.push(Edge {
            from,
            to: to.to_string(),
            kind,
            note,
        });
    }

    fn finish(mut self, truncated: bool) -> Lineage {
        let tasks = self.tasks.iter().filter_map(|id| self.job.task(*id));
        self.nodes.extend(tasks.map(|task| Node::Task {
            id: task_node(task.id()),
            name: task.entry.name.to_string(),
            role: task.entry.role.to_string(),
            stage: task.stage,
        }));
        Lineage {
            nodes: self.nodes,
            edges: self.edges,
            truncated,
        }
    }
}

fn task_node(id: TaskId) -> String {
    format!("task_{id}")
}
