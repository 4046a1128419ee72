//! Why a job is where it is: what each of its open tasks waits for, and what would move it on.

use std::collections::HashMap;

use callboard_runtime::{BreakerState, CrewVitals};
use serde::Serialize;

use crate::{
    id::{ApprovalId, EffectId, JobId, TaskId},
    job::{Job, JobState, Task, TaskState, Wait},
    outcome::Failure,
    shard::{HeldTask, RolePace},
    time::Timestamp,
};

/// Tasks that are explained one by one; of others only the number is told.
const TASKS_EXPLAINED_MAX: usize = 50;
/// Tasks named as what one task waits for.
const DEPENDENCIES_NAMED_MAX: usize = 10;

/// Why a job is where it is.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Why {
    pub job: JobId,
    pub state: JobState,
    /// One sentence for people.
    pub summary: String,
    /// When the job fails unless it has ended.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub deadline: Option<Timestamp>,
    /// Processes that took the job up with tasks in hand, since a task last succeeded.
    pub recoveries: u32,
    /// Who moves the job; none when it has ended, and while its shard restarts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub owner: Option<Owner>,
    /// Open tasks, those that can be moved first.
    pub tasks: Vec<WhyTask>,
    /// Open tasks that are not explained.
    pub more_tasks: usize,
}

/// The shard of a live job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Owner {
    /// Its path in the supervision tree.
    pub node: String,
    /// 1 for its first instance in the process, one more at each restart.
    pub incarnation: u64,
}

/// Why a task has not ended.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct WhyTask {
    pub task: TaskId,
    pub name: String,
    pub role: String,
    pub attempt: u32,
    pub attempts_max: u32,
    #[serde(flatten)]
    pub because: Because,
    /// The last failure, also while another attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub last_error: Option<Failure>,
}

/// What a task waits for.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(tag = "because", rename_all = "snake_case")]
pub enum Because {
    /// A worker has it.
    InHand { worker: u32, done: u64, total: u64 },
    /// It queues for a worker of its role.
    Queued {
        /// Tasks that may go before it.
        ahead_at_most: usize,
        /// From the pace of the role so far; none when nothing is known of it.
        #[serde(skip_serializing_if = "Option::is_none")]
        eta_ms: Option<u64>,
    },
    /// The role's breaker is open.
    Breaker { retry_after_ms: u64 },
    /// The role hands out nothing: an operator paused it, or it drains.
    RolePaused {},
    /// Its crew has no room, or as many tasks of the job as it may have.
    Room {},
    /// An operator paused the job.
    Paused {},
    /// The next attempt starts at that instant.
    Retry { at: Timestamp },
    /// It asked to be run at that instant.
    Timer { until: Timestamp },
    Approval {
        approval: ApprovalId,
        why: String,
        until: Option<Timestamp>,
    },
    Signal {
        name: String,
        until: Option<Timestamp>,
    },
    /// A person must find out whether its effect took place.
    UnknownOutcome { effect: EffectId },
    /// It has used up its attempts, or processes died of it: an operator retries or cancels.
    Operator { process_deaths: u32 },
    /// Tasks it depends on have not succeeded.
    Dependency { on: Vec<String>, more: usize },
}

/// What is known beside the job itself.
pub(crate) struct Surroundings<'a> {
    pub held: &'a [HeldTask],
    pub crews: &'a HashMap<String, CrewVitals>,
    pub paces: &'a HashMap<String, RolePace>,
    pub owner: Option<Owner>,
}

pub(crate) fn explain(job: &Job, around: &Surroundings<'_>) -> Why {
    let held: HashMap<TaskId, &HeldTask> =
        around.held.iter().map(|held| (held.task, held)).collect();
    let open = || job.tasks.iter().filter(|task| !task.state.is_final());
    let mut ranked: Vec<&Task> = open().collect();
    ranked.sort_by_key(|task| (task.state == TaskState::Pending, task.id()));
    let tasks: Vec<WhyTask> = ranked
        .iter()
        .take(TASKS_EXPLAINED_MAX)
        .map(|task| WhyTask {
            task: task.id(),
            name: task.entry.name.to_string(),
            role: task.entry.role.to_string(),
            attempt: task.attempt,
            attempts_max: task.attempts_max,
            because: because(job, task, held.get(&task.id()).copied(), around),
            last_error: task.failure.clone(),
        })
        .collect();
    Why {
        job: job.id,
        state: job.state,
        summary: summary(job, &tasks),
        deadline: job.deadline,
        recoveries: job.recoveries,
        owner: around.owner.clone(),
        more_tasks: ranked.len() - tasks.len(),
        tasks,
    }
}

fn because(job: &Job, task: &Task, held: Option<&HeldTask>, around: &Surroundings<'_>) -> Because {
    if let Some(HeldTask {
        worker: Some(worker),
        done,
        total,
        ..
    }) = held
    {
        return Because::InHand {
            worker: *worker,
            done: *done,
            total: *total,
        };
    }
    match (task.state, task.wake_at) {
        (TaskState::Pending, _) => dependencies(job, task),
        (TaskState::Retrying, Some(at)) if held.is_none() => Because::Retry { at },
        (TaskState::Waiting, until) => waiting(task, until),
        _ if job.paused => Because::Paused {},
        _ => queued(task, held, around),
    }
}

fn waiting(task: &Task, until: Option<Timestamp>) -> Because {
    match &task.wait {
        Some(Wait::Approval { approval, why, .. }) => Because::Approval {
            approval: *approval,
            why: why.to_string(),
            until,
        },
        Some(Wait::Signal { name }) => Because::Signal {
            name: name.to_string(),
            until,
        },
        Some(Wait::UnknownOutcome { effect }) => Because::UnknownOutcome { effect: *effect },
        Some(Wait::Operator) => Because::Operator {
            process_deaths: task.deaths,
        },
        Some(Wait::Timer) | None => Because::Timer {
            until: until.unwrap_or(Timestamp::from_millis(0)),
        },
    }
}

fn dependencies(job: &Job, task: &Task) -> Because {
    let open = |id: &&TaskId| {
        job.task(**id)
            .is_some_and(|on| on.state != TaskState::Succeeded)
    };
    let name = |id: &TaskId| job.task(*id).map(|on| on.entry.name.to_string());
    let on: Vec<String> = match task.entry.after.is_empty() {
        false => task
            .entry
            .after
            .iter()
            .filter(open)
            .filter_map(name)
            .collect(),
        // The ends of a plan wait for everything before them.
        true => job
            .tasks
            .iter()
            .filter(|other| other.id() < task.id() && other.state != TaskState::Succeeded)
            .map(|other| other.entry.name.to_string())
            .collect(),
    };
    let more = on.len().saturating_sub(DEPENDENCIES_NAMED_MAX);
    Because::Dependency {
        on: on.into_iter().take(DEPENDENCIES_NAMED_MAX).collect(),
        more,
    }
}

fn queued(task: &Task, held: Option<&HeldTask>, around: &Surroundings<'_>) -> Because {
    let role = &*task.entry.role;
    let Some(crew) = around.crews.get(role) else {
        return Because::Room {};
    };
    if crew.breaker.state == BreakerState::Open {
        return Because::Breaker {
            retry_after_ms: crew.breaker.retry_after_ms,
        };
    }
    if crew.paused || crew.draining {
        return Because::RolePaused {};
    }
    if held.is_none() {
        return Because::Room {};
    }
    let ahead_at_most = crew.queue_depth.saturating_sub(1);
    let eta_ms = around.paces.get(role).map(|pace| {
        let rounds = ahead_at_most as f64 / f64::from(pace.slots.max(1)) + 1.0;
        // Saturates: an estimate beyond that is none.
        (pace.mean_ms * rounds) as u64
    });
    Because::Queued {
        ahead_at_most,
        eta_ms,
    }
}

fn summary(job: &Job, tasks: &[WhyTask]) -> String {
    let name = job.state.name();
    if job.state.is_final() {
        return match &job.failure {
            Some((failure, _)) => format!("the job has ended: {name}: {}", failure.message),
            None => format!("the job has ended: {name}"),
        };
    }
    if job.paused {
        return "an operator paused the job; resume it".to_owned();
    }
    let Some(first) = tasks.first() else {
        return format!("the job is {name}");
    };
    let task = format!("task `{}`", first.name);
    match &first.because {
        Because::InHand { worker, .. } => {
            format!("{task} is in hand, at worker {worker} of {}", first.role)
        }
        Because::Queued { ahead_at_most, .. } => format!(
            "{task} queues for {}, behind at most {ahead_at_most}",
            first.role
        ),
        Because::Breaker { retry_after_ms } => format!(
            "the breaker of {} is open for another {retry_after_ms} ms",
            first.role
        ),
        Because::RolePaused {} => format!("the role {} is paused or drains", first.role),
        Because::Room {} => format!("{task} is about to be handed to {}", first.role),
        Because::Paused {} => "an operator paused the job; resume it".to_owned(),
        Because::Retry { at } => format!("{task} failed and is tried again at {}", at.rfc3339()),
        Because::Timer { until } => format!("{task} asked to be run at {}", until.rfc3339()),
        Because::Approval { approval, why, .. } => {
            format!("{task} needs approval {approval}: {why}")
        }
        Because::Signal { name, .. } => format!("{task} waits for the signal `{name}`"),
        Because::UnknownOutcome { effect } => {
            format!("whether the effect {effect} of {task} took place is for a person to find out")
        }
        Because::Operator { process_deaths: 0 } => {
            format!("{task} has used up its attempts; retry or cancel the job")
        }
        Because::Operator { process_deaths } => format!(
            "{task} was in hand at {process_deaths} process deaths; retry or cancel the job"
        ),
        Because::Dependency { on, .. } => format!("{task} waits for {}", on.join(", ")),
    }
}
