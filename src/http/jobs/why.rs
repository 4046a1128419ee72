//! GET /v1/jobs/{id}/why

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{
    ApprovalId, EffectId, JobId, Timestamp,
    why::{Because, Why, WhyTask},
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{facts::TaskRef, view::StateName};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        query,
        responses::StoreFailures,
    },
    store::StoreHealth,
};

/// Why a job is where it is.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Why)]
pub struct WhyView {
    #[schema(value_type = String)]
    pub job: JobId,
    #[schema(inline)]
    pub state: StateName,
    /// One sentence for people.
    #[schema(
        example = "task `ask` needs approval apr_019c8f0e5a7c7d0bb1a2c3d4e5f60718: Send the letter?"
    )]
    pub summary: String,
    /// When the job fails unless it has ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub deadline: Option<String>,
    /// Processes that took the job up with tasks in hand, since a task last succeeded.
    pub recoveries: u32,
    /// Who moves the job; missing when it has ended, and while its shard restarts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub owner: Option<OwnerView>,
    /// Open tasks, those that can be moved first.
    pub tasks: Vec<WhyTaskView>,
    /// Open tasks that are not explained.
    pub more_tasks: usize,
}

/// Who moves a job.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = Owner)]
pub struct OwnerView {
    #[schema(example = "process 4711 since 2026-02-03T04:05:06.789Z")]
    pub process: String,
    /// How many processes have opened the store, this one included.
    pub epoch: u64,
    /// The shard of the job: its path in the supervision tree.
    #[schema(example = "root/core/shard-0")]
    pub node: String,
    /// 1 for the first instance of the shard in this process, one more at each restart.
    pub incarnation: u64,
}

/// Why a task has not ended.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[schema(as = WhyTask)]
pub struct WhyTaskView {
    pub task: TaskRef,
    pub attempt: u32,
    /// The last attempt that the retry policy, or an operator, allows.
    pub attempts_max: u32,
    #[serde(flatten)]
    pub because: BecauseView,
    /// The last failure, also while another attempt is due.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_error: Option<LastError>,
}

#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct LastError {
    #[schema(example = "timeout")]
    pub code: String,
    pub message: String,
}

/// What a task waits for.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(tag = "because", rename_all = "snake_case")]
#[schema(as = Because)]
pub enum BecauseView {
    /// A worker has it.
    InHand { worker: u32, done: u64, total: u64 },
    /// It queues for a worker of its role.
    Queued {
        /// Tasks that may go before it.
        ahead_at_most: usize,
        /// From the pace of the role so far; missing when nothing is known of it.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        eta_ms: Option<u64>,
    },
    /// The breaker of its role is open.
    Breaker { retry_after_ms: u64 },
    /// Its role hands out nothing: an operator paused it, or it drains.
    RolePaused {},
    /// Its crew has no room, or as many tasks of the job as it may have.
    Room {},
    /// An operator paused the job.
    Paused {},
    /// The next attempt starts then.
    Retry { at: String },
    /// It asked to be run then.
    Timer { until: String },
    /// A person must approve.
    Approval {
        #[schema(value_type = String)]
        approval: ApprovalId,
        why: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// A signal must come.
    Signal {
        name: String,
        #[serde(default, skip_serializing_if = "Option::is_none")]
        until: Option<String>,
    },
    /// A person must find out whether its effect took place.
    UnknownOutcome {
        #[schema(value_type = String)]
        effect: EffectId,
    },
    /// It has used up its attempts, or processes died of it: an operator retries or cancels.
    Operator { process_deaths: u32 },
    /// Tasks it depends on have not succeeded.
    Dependency { on: Vec<String>, more: usize },
}

/// Explain why a job is where it is
///
/// What each open task waits for, and what would move it on.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/why", tag = "jobs", operation_id = "explain_job",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "What each open task waits for", body = WhyView),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn why(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = query::job_id(&id)?;
    let why = desk.house.coordinator.why(&caller.tenant, id).await?;
    let why = why.ok_or_else(Problem::no_such_job)?;
    Ok(HttpResponse::Ok().json(WhyView::of(why, &desk.store)))
}

impl WhyView {
    fn of(why: Why, store: &StoreHealth) -> Self {
        Self {
            job: why.job,
            state: StateName(why.state),
            summary: why.summary,
            deadline: why.deadline.map(Timestamp::rfc3339),
            recoveries: why.recoveries,
            owner: why.owner.map(|owner| OwnerView {
                process: store.owner().to_owned(),
                epoch: store.epoch(),
                node: owner.node,
                incarnation: owner.incarnation,
            }),
            tasks: why.tasks.into_iter().map(WhyTaskView::from).collect(),
            more_tasks: why.more_tasks,
        }
    }
}

impl From<WhyTask> for WhyTaskView {
    fn from(why: WhyTask) -> Self {
        Self {
            task: TaskRef::new(why.task, &why.name, &why.role),
            attempt: why.attempt,
            attempts_max: why.attempts_max,
            because: why.because.into(),
            last_error: why.last_error.map(|failure| LastError {
                code: failure.kind.code().to_owned(),
                message: failure.message,
            }),
        }
    }
}

impl From<Because> for BecauseView {
    fn from(because: Because) -> Self {
        match because {
            Because::InHand {
                worker,
                done,
                total,
            } => Self::InHand {
                worker,
                done,
                total,
            },
            Because::Queued {
                ahead_at_most,
                eta_ms,
            } => Self::Queued {
                ahead_at_most,
                eta_ms,
            },
            Because::Breaker { retry_after_ms } => Self::Breaker { retry_after_ms },
            Because::RolePaused {} => Self::RolePaused {},
            Because::Room {} => Self::Room {},
            Because::Paused {} => Self::Paused {},
            Because::Retry { at } => Self::Retry { at: at.rfc3339() },
            Because::Timer { until } => Self::Timer {
                until: until.rfc3339(),
            },
            Because::Approval {
                approval,
                why,
                until,
            } => Self::Approval {
                approval,
                why,
                until: until.map(Timestamp::rfc3339),
            },
            Because::Signal { name, until } => Self::Signal {
                name,
                until: until.map(Timestamp::rfc3339),
            },
            Because::UnknownOutcome { effect } => Self::UnknownOutcome { effect },
            Because::Operator { process_deaths } => Self::Operator { process_deaths },
            Because::Dependency { on, more } => Self::Dependency { on, more },
        }
    }
}
