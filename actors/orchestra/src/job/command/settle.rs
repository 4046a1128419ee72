//! Plan lint: a plan's names become ids and its gaps are filled, or it is refused with the reason.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use super::super::{event::TaskEntry, fold::Job};
use crate::{
    catalog::Catalog,
    id::TaskId,
    plan::{Plan, TaskSpec},
    policy::RetryPolicy,
};

/// Tasks of one job, grown ones included; the aggregate and the check come on top.
pub const TASKS_MAX: usize = 10_000;
/// Longest name of a task, in bytes.
const NAME_BYTES_MAX: usize = 200;
/// No policy retries more often.
const ATTEMPTS_MAX: u32 = 1_000;

#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum PlanError {
    #[error("plan has {found} tasks, more than {TASKS_MAX}")]
    TooManyTasks { found: usize },
    #[error("task name `{0}` is empty or longer than {NAME_BYTES_MAX} bytes")]
    BadName(String),
    #[error("two tasks are named `{0}`")]
    DuplicateName(String),
    #[error("task `{task}` needs the unknown role `{role}`{}", suggestion(.near))]
    UnknownRole {
        task: String,
        role: String,
        near: Option<&'static str>,
    },
    #[error("task `{task}` runs after `{after}`, which the plan does not have")]
    UnknownDependency { task: String, after: String },
    #[error("task `{0}` is part of a cycle")]
    Cycle(String),
    #[error("`{0}` runs when every task has succeeded and cannot name tasks to run after")]
    OrderedEnd(String),
}

fn suggestion(near: &Option<&'static str>) -> String {
    near.map(|near| format!("; did you mean `{near}`?"))
        .unwrap_or_default()
}

pub(super) struct Settled {
    pub tasks: Vec<TaskEntry>,
    pub aggregate: TaskEntry,
    pub check: Option<TaskEntry>,
}

/// Settles a whole plan for a job that has only its planning task.
pub(super) fn settle(job: &Job, plan: Plan, catalog: &Catalog) -> Result<Settled, PlanError> {
    for end in [Some(&plan.aggregate), plan.check.as_ref()]
        .into_iter()
        .flatten()
    {
        if !end.after.is_empty() {
            return Err(PlanError::OrderedEnd(end.name.clone()));
        }
    }
    let count = plan.tasks.len();
    let ends = [Some(plan.aggregate), plan.check].into_iter().flatten();
    let mut entries = entries(
        job,
        plan.tasks.into_iter().chain(ends).collect(),
        count,
        catalog,
    )?;
    let mut ends = entries.split_off(count).into_iter();
    let aggregate = ends
        .next()
        .expect("the aggregate was chained behind the tasks");
    Ok(Settled {
        tasks: entries,
        aggregate,
        check: ends.next(),
    })
}

/// Settles tasks that join a running plan.
pub(super) fn settle_growth(
    job: &Job,
    specs: Vec<TaskSpec>,
    catalog: &Catalog,
) -> Result<Vec<TaskEntry>, PlanError> {
    let count = specs.len();
    entries(job, specs, count, catalog)
}

/// A role's own policy, kept within the house's bound.
pub(super) fn bounded(mut retry: RetryPolicy) -> RetryPolicy {
    retry.attempts_max = retry.attempts_max.clamp(1, ATTEMPTS_MAX);
    retry
}

fn entries(
    job: &Job,
    specs: Vec<TaskSpec>,
    executing: usize,
    catalog: &Catalog,
) -> Result<Vec<TaskEntry>, PlanError> {
    let ends = 1 + usize::from(job.aggregate.is_some()) + usize::from(job.check.is_some());
    let found = job.tasks.len().saturating_sub(ends) + executing;
    if found > TASKS_MAX {
        return Err(PlanError::TooManyTasks { found });
    }
    let ids = assign_ids(job, &specs)?;
    let entries = specs
        .into_iter()
        .map(|spec| entry(job, spec, &ids, catalog))
        .collect::<Result<Vec<_>, _>>()?;
    refuse_cycles(job.tasks.len(), &entries)?;
    Ok(entries)
}

fn assign_ids(job: &Job, specs: &[TaskSpec]) -> Result<HashMap<String, TaskId>, PlanError> {
    let mut ids = HashMap::with_capacity(specs.len());
    for (index, spec) in (job.tasks.len()..).zip(specs) {
        if spec.name.is_empty() || spec.name.len() > NAME_BYTES_MAX {
            return Err(PlanError::BadName(spec.name.clone()));
        }
        let id = TaskId(u32::try_from(index).expect("TASKS_MAX is far below 2^32"));
        if job.names.contains_key(spec.name.as_str()) || ids.insert(spec.name.clone(), id).is_some()
        {
            return Err(PlanError::DuplicateName(spec.name.clone()));
        }
    }
    Ok(ids)
}

fn entry(
    job: &Job,
    spec: TaskSpec,
    ids: &HashMap<String, TaskId>,
    catalog: &Catalog,
) -> Result<TaskEntry, PlanError> {
    let Some(profile) = catalog.profile(&spec.role) else {
        let near = catalog.near_role(&spec.role);
        return Err(PlanError::UnknownRole {
            task: spec.name,
            role: spec.role,
            near,
        });
    };
    let mut after = Vec::with_capacity(spec.after.len());
    let mut named = HashSet::with_capacity(spec.after.len());
    for name in &spec.after {
        let known = ids.get(name).or_else(|| job.names.get(name.as_str()));
        let id = known.filter(|id| {
            **id != TaskId::PLAN && Some(**id) != job.aggregate && Some(**id) != job.check
        });
        let Some(id) = id else {
            return Err(PlanError::UnknownDependency {
                task: spec.name,
                after: name.clone(),
            });
        };
        if named.insert(*id) {
            after.push(*id);
        }
    }
    Ok(TaskEntry {
        id: ids[&spec.name],
        name: Arc::from(spec.name),
        role: Arc::from(spec.role),
        input: spec.input,
        after,
        timeout: spec.timeout.unwrap_or(profile.timeout),
        retry: bounded(spec.retry.unwrap_or(profile.retry)),
        effect: profile.effect,
    })
}

/// Kahn's algorithm: whatever no order reaches is on a cycle or behind one.
fn refuse_cycles(first: usize, entries: &[TaskEntry]) -> Result<(), PlanError> {
    let within = |id: &TaskId| {
        id.index()
            .checked_sub(first)
            .filter(|index| *index < entries.len())
    };
    let mut blocked_by = vec![0usize; entries.len()];
    let mut dependents = vec![Vec::new(); entries.len()];
    for (index, entry) in entries.iter().enumerate() {
        for dependency in entry.after.iter().filter_map(within) {
            blocked_by[index] += 1;
            dependents[dependency].push(index);
        }
    }
    let mut ready: Vec<usize> = (0..entries.len())
        .filter(|index| blocked_by[*index] == 0)
        .collect();
    let mut reached = 0;
    while let Some(index) = ready.pop() {
        reached += 1;
        for dependent in &dependents[index] {
            blocked_by[*dependent] -= 1;
            if blocked_by[*dependent] == 0 {
                ready.push(*dependent);
            }
        }
    }
    match blocked_by.iter().position(|count| *count > 0) {
        Some(stuck) if reached < entries.len() => {
            Err(PlanError::Cycle(entries[stuck].name.to_string()))
        }
        _ => Ok(()),
    }
}
