//! GET /v1/jobs/{id}/facts

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{Fact, FactId, TaskId, fact::Standing, job::Job};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use utoipa::ToSchema;

use super::show::replayed_job;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    responses::StoreFailures,
};

/// What the tasks of a job have stated.
#[derive(Serialize, ToSchema)]
pub struct FactsPage {
    items: Vec<FactView>,
}

/// A statement with its lineage.
#[derive(Serialize, ToSchema)]
#[schema(as = Fact)]
pub struct FactView {
    #[schema(value_type = String, example = "fact_3.1")]
    id: FactId,
    /// The task that stated it.
    task: TaskRef,
    #[schema(example = "Sharpe ratio of AAPL")]
    statement: String,
    value: Value,
    /// Empty for a value without one.
    #[schema(example = "ratio")]
    unit: String,
    /// Where the inputs came from.
    source: String,
    /// The facts it rests on.
    #[schema(value_type = Vec<String>)]
    derived_from: Vec<FactId>,
    standing: FactStanding,
    /// The task that confirmed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    verified_by: Option<Verification>,
    /// The task that contradicted it.
    #[serde(skip_serializing_if = "Option::is_none")]
    refuted_by: Option<Refutation>,
}

/// How far a statement has come.
#[derive(Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum FactStanding {
    Claimed,
    Verified,
    Refuted,
}

/// A task by position and name.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct TaskRef {
    pub id: u32,
    pub name: String,
    pub role: String,
}

/// Who confirmed a statement, and how.
#[derive(Serialize, ToSchema)]
pub struct Verification {
    task: TaskRef,
    method: String,
}

/// Who contradicted a statement, and why.
#[derive(Serialize, ToSchema)]
pub struct Refutation {
    task: TaskRef,
    reason: String,
}

/// List the facts of a job with their lineage
#[utoipa::path(
    get, path = "/v1/jobs/{id}/facts", tag = "jobs", operation_id = "list_facts",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "Every statement of the job's tasks", body = FactsPage),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn facts(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let job = replayed_job(&desk, &caller.tenant, &id).await?;
    Ok(HttpResponse::Ok().json(FactsPage {
        items: job
            .facts
            .values()
            .map(|fact| FactView::of(&job, fact))
            .collect(),
    }))
}

impl FactView {
    fn of(job: &Job, fact: &Fact) -> Self {
        let (standing, verified_by, refuted_by) = match &fact.standing {
            Standing::Claimed => (FactStanding::Claimed, None, None),
            Standing::Verified { by, method } => {
                let verification = Verification {
                    task: TaskRef::of(job, *by),
                    method: method.clone(),
                };
                (FactStanding::Verified, Some(verification), None)
            }
            Standing::Refuted { by, reason } => {
                let refutation = Refutation {
                    task: TaskRef::of(job, *by),
                    reason: reason.clone(),
                };
                (FactStanding::Refuted, None, Some(refutation))
            }
        };
        Self {
            id: fact.id,
            task: TaskRef::of(job, fact.id.task),
            statement: fact.claim.statement.clone(),
            value: fact.claim.value.clone(),
            unit: fact.claim.unit.clone(),
            source: fact.claim.source.clone(),
            derived_from: fact.claim.derived_from.clone(),
            standing,
            verified_by,
            refuted_by,
        }
    }
}

impl TaskRef {
    pub fn new(id: TaskId, name: &str, role: &str) -> Self {
        Self {
            id: id.0,
            name: name.to_owned(),
            role: role.to_owned(),
        }
    }

    fn of(job: &Job, id: TaskId) -> Self {
        let entry = job.task(id).map(|task| &task.entry);
        entry.map_or_else(
            || Self::new(id, "", ""),
            |entry| Self::new(id, &entry.name, &entry.role),
        )
    }
}
