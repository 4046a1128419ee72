//! All that is known of a server at one moment.

use std::{collections::BTreeMap, time::Duration};

use callboard::{
    health::{Component, Status},
    http::{Health, Usage},
};
use callboard_orchestra::{Timestamp, job::JobState};

use super::{
    counters::Counters, job_row::JobRow, node_row::NodeRow, part::Part, poll::Answers,
    throughput::Throughput,
};

#[derive(Debug, Clone, Default)]
pub struct Picture {
    pub nodes: Part<Vec<NodeRow>>,
    pub jobs: Part<Vec<JobRow>>,
    pub health: Part<Health>,
    pub counters: Part<Counters>,
    pub usage: Part<Usage>,
    pub throughput: Throughput,
    /// When the answers came.
    wall: Option<Timestamp>,
}

impl Picture {
    /// Takes what a look found. One that found nothing at all changes nothing.
    pub fn hear(&mut self, answers: Answers) {
        if answers.outage().is_some() {
            return;
        }
        let wall = answers.wall;
        self.wall = Some(wall);
        self.nodes.hear(answers.tree.map(NodeRow::all));
        self.jobs.hear(answers.jobs.map(|page| {
            let jobs = page.items.into_iter();
            jobs.map(|job| JobRow::of(job, wall)).collect()
        }));
        self.health.hear(answers.health);
        if let Ok(counters) = &answers.counters {
            self.throughput.read(answers.at, counters.ended);
        }
        self.counters.hear(answers.counters);
        if let Some(usage) = answers.usage {
            self.usage.hear(usage);
        }
    }

    /// How long the server has run.
    pub fn uptime(&self) -> Option<Duration> {
        let started = self.counters.known.as_ref()?.started_at?;
        Some(self.wall?.since(started))
    }

    pub fn rows(&self) -> (&[NodeRow], &[JobRow]) {
        let nodes = self.nodes.known.as_deref().unwrap_or_default();
        (nodes, self.jobs.known.as_deref().unwrap_or_default())
    }

    /// Jobs of the tenant by state, of those that were submitted in the period that is counted.
    pub fn census(&self) -> Option<Vec<(JobState, u64)>> {
        let usage = self.usage.known.as_ref()?;
        let mut counts: BTreeMap<&str, u64> = BTreeMap::new();
        for (state, jobs) in usage.jobs.by_kind.values().flatten() {
            *counts.entry(state).or_default() += jobs;
        }
        let count = |state: JobState| (state, counts.get(state.name()).copied().unwrap_or(0));
        Some(JobState::ALL.map(count).to_vec())
    }

    /// Parts of the server that are not well, the worst first.
    pub fn ailments(&self) -> Vec<&Component> {
        let components = self
            .health
            .known
            .iter()
            .flat_map(|health| &health.components);
        let mut ailing: Vec<&Component> = components
            .filter(|component| match component.status {
                Status::Degraded | Status::Unhealthy => true,
                Status::Unknown => component.essential,
                Status::Healthy => false,
            })
            .collect();
        ailing.sort_by_key(|component| component.status != Status::Unhealthy);
        ailing
    }
}
