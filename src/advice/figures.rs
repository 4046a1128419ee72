//! What roles and kinds have cost, from what the house has counted.

use std::{sync::Arc, time::Duration};

use callboard_orchestra::{
    House, RoleProfile, Timestamp,
    tally::{KindFigures, RoleFigures},
};

use super::{kind_rules, role_rules, suggestion::Suggestion};

/// Everything since the process started, the most expensive first.
#[derive(Debug, Clone)]
pub struct Costs {
    pub since: Timestamp,
    /// Of all attempts of all roles.
    pub task_time: Duration,
    pub roles: Vec<RoleCost>,
    pub kinds: Vec<KindCost>,
}

/// What the attempts of a role have cost.
#[derive(Debug, Clone)]
pub struct RoleCost {
    pub role: Arc<str>,
    /// As the role is staffed.
    pub workers: u32,
    pub timeout: Duration,
    pub attempts: u64,
    /// In the hands of its workers.
    pub task_time: Duration,
    /// In the crew's queue.
    pub wait_time: Duration,
    pub median_run: Duration,
    pub median_wait: Duration,
    /// Attempts that came to nothing, and their time.
    pub wasted: u64,
    pub wasted_time: Duration,
    pub timed_out: u64,
    /// Attempts that took more than 80 % of their time limit.
    pub near_limit: u64,
    pub rejected: u64,
    pub breaker_openings: u64,
    pub suggestions: Vec<Suggestion>,
}

/// What the jobs of a kind have cost.
#[derive(Debug, Clone)]
pub struct KindCost {
    pub kind: Arc<str>,
    /// That succeeded or failed.
    pub jobs: u64,
    pub failed: u64,
    /// Submissions whose input was not admitted.
    pub refused: u64,
    /// Of the attempts of their tasks.
    pub task_time: Duration,
    /// From submission to end.
    pub median_latency: Duration,
    pub suggestions: Vec<Suggestion>,
}

/// What `house` has cost so far: the roles and kinds of which there is something to say.
pub fn costs(house: &House) -> Costs {
    let catalog = house.coordinator.catalog();
    let mut roles: Vec<RoleCost> = house
        .tally
        .roles()
        .filter_map(|(role, tally)| {
            let profile = catalog.profile(role)?;
            let openings = house.crews.get(role)?.vitals().breaker_openings;
            Some(RoleCost::of(role, profile, openings, tally.figures()))
        })
        .filter(|cost| cost.attempts > 0)
        .collect();
    let kinds = house.tally.kinds();
    let mut kinds: Vec<KindCost> = kinds
        .map(|(kind, tally)| KindCost::of(kind, tally.figures()))
        .filter(|cost| !cost.task_time.is_zero() || cost.refused > 0)
        .collect();
    roles.sort_unstable_by(|one, other| {
        let by_time = other.task_time.cmp(&one.task_time);
        by_time.then_with(|| one.role.cmp(&other.role))
    });
    kinds.sort_unstable_by(|one, other| {
        let by_time = other.task_time.cmp(&one.task_time);
        by_time.then_with(|| one.kind.cmp(&other.kind))
    });
    Costs {
        since: house.tally.since(),
        task_time: roles.iter().map(|cost| cost.task_time).sum(),
        roles,
        kinds,
    }
}

impl RoleCost {
    fn of(
        role: &Arc<str>,
        profile: &RoleProfile,
        breaker_openings: u64,
        figures: RoleFigures,
    ) -> Self {
        let mut cost = Self {
            role: role.clone(),
            workers: profile.workers,
            timeout: profile.timeout,
            attempts: figures.runs.count(),
            task_time: figures.runs.sum,
            wait_time: figures.waits.sum,
            median_run: figures.runs.median().unwrap_or_default(),
            median_wait: figures.waits.median().unwrap_or_default(),
            wasted: figures.wasted,
            wasted_time: figures.wasted_time,
            timed_out: figures.timed_out,
            near_limit: figures.near_limit,
            rejected: figures.rejected,
            breaker_openings,
            suggestions: Vec::new(),
        };
        cost.suggestions = role_rules::suggestions(&cost);
        cost
    }
}

impl KindCost {
    fn of(kind: &Arc<str>, figures: KindFigures) -> Self {
        let mut cost = Self {
            kind: kind.clone(),
            jobs: figures.succeeded + figures.failed,
            failed: figures.failed,
            refused: figures.refused,
            task_time: figures.task_time,
            median_latency: figures.latency.median().unwrap_or_default(),
            suggestions: Vec::new(),
        };
        cost.suggestions = kind_rules::suggestions(&cost);
        cost
    }
}
