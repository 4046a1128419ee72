//! GET /v1/jobs/{id}/tasks

use std::collections::HashMap;

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{
    Timestamp,
    job::{Stage, Task, TaskState},
    shard::HeldTask,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::Permission,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        query,
        responses::StoreFailures,
    },
};

/// The tasks of a job, in the order they were planned.
#[derive(Serialize, ToSchema)]
pub struct TasksPage {
    items: Vec<TaskView>,
}

/// A task.
#[derive(Serialize, ToSchema)]
#[schema(as = Task)]
pub struct TaskView {
    /// Position in the job; 0 is the planning task.
    id: u32,
    name: String,
    #[schema(example = "market.analyst")]
    role: String,
    #[schema(value_type = TaskStageName, inline)]
    stage: Stage,
    #[schema(value_type = TaskStateName, inline)]
    state: TaskState,
    /// The attempt that runs or runs next; 1 is the first.
    attempt: u32,
    /// Tasks that must succeed before.
    after: Vec<u32>,
    /// The last failure, also while another attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<TaskError>,
    /// When the next attempt is due.
    #[serde(skip_serializing_if = "Option::is_none")]
    wake_at: Option<String>,
    /// The worker that has the task in hand.
    #[serde(skip_serializing_if = "Option::is_none")]
    worker: Option<u32>,
    /// When that worker took it.
    #[serde(skip_serializing_if = "Option::is_none")]
    taken_at: Option<String>,
    /// How long a worker had the last attempt that has ended, in milliseconds. None where no worker had it.
    #[serde(skip_serializing_if = "Option::is_none")]
    ran_ms: Option<u64>,
    /// What the worker has reported.
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<TaskProgress>,
    #[serde(skip_serializing_if = "Option::is_none")]
    finished_at: Option<String>,
}

/// How far a worker says it is.
#[derive(Serialize, ToSchema)]
pub struct TaskProgress {
    done: u64,
    total: u64,
}

/// Why an attempt failed.
#[derive(Serialize, ToSchema)]
pub struct TaskError {
    #[schema(example = "panicked")]
    code: &'static str,
    /// Empty for callers without the permission logs:read.
    message: String,
}

/// The states of a task; the last four are final.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the states for the API description")]
pub enum TaskStateName {
    Pending,
    Ready,
    Running,
    Retrying,
    Waiting,
    Succeeded,
    Failed,
    Skipped,
    Cancelled,
}

/// What part a task plays in its job.
#[derive(ToSchema)]
#[schema(rename_all = "snake_case")]
#[expect(dead_code, reason = "names the stages for the API description")]
pub enum TaskStageName {
    Plan,
    Execute,
    Aggregate,
    Check,
}

/// List the tasks of a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}/tasks", tag = "jobs", operation_id = "list_tasks",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "Every task of the job", body = TasksPage),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn tasks(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = query::job_id(&id)?;
    let inspection = desk
        .house
        .coordinator
        .inspect(&caller.tenant, id)
        .await?
        .ok_or_else(Problem::no_such_job)?;
    let held: HashMap<_, _> = inspection
        .held
        .iter()
        .map(|held| (held.task, held))
        .collect();
    let items = inspection
        .job
        .tasks
        .iter()
        .map(|task| TaskView::of(task, held.get(&task.id()).copied(), &caller))
        .collect();
    Ok(HttpResponse::Ok().json(TasksPage { items }))
}

impl TaskView {
    fn of(task: &Task, held: Option<&HeldTask>, caller: &Caller) -> Self {
        let worker = held.and_then(|held| held.worker);
        let in_hand = worker.is_some() && !task.state.is_final();
        Self {
            id: task.id().0,
            name: task.entry.name.to_string(),
            role: task.entry.role.to_string(),
            stage: task.stage,
            state: if in_hand {
                TaskState::Running
            } else {
                task.state
            },
            attempt: task.attempt,
            after: task.entry.after.iter().map(|id| id.0).collect(),
            error: task.failure.as_ref().map(|failure| TaskError {
                code: failure.kind.code(),
                message: match caller.may(Permission::LogsRead) {
                    true => failure.message.clone(),
                    false => String::new(),
                },
            }),
            wake_at: task
                .wake_at
                .filter(|_| !task.state.is_final())
                .map(|at| at.rfc3339()),
            worker,
            taken_at: held
                .and_then(|held| held.taken_at)
                .filter(|_| in_hand)
                .map(Timestamp::rfc3339),
            ran_ms: task.ran_ms,
            progress: held.filter(|held| held.total > 0).map(|held| TaskProgress {
                done: held.done,
                total: held.total,
            }),
            finished_at: task.finished_at.map(|at| at.rfc3339()),
        }
    }
}
