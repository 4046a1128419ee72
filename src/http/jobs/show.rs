//! GET /v1/jobs/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{Tenant, job::Job, journal::JobRow};

use super::view::JobView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    responses::StoreFailures,
};

/// Show a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}", tag = "jobs", operation_id = "show_job",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "The job", body = JobView),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn show(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let row = job_row(&desk, &caller.tenant, &id).await?;
    Ok(HttpResponse::Ok().json(JobView::of(&row).seen_by(&caller)))
}

/// The job named in a path, if the tenant has it.
pub async fn job_row(desk: &Desk, tenant: &Tenant, id: &str) -> Result<JobRow, Problem> {
    let id = query::job_id(id)?;
    desk.house
        .coordinator
        .journal()
        .job(tenant, id)
        .await?
        .ok_or_else(Problem::no_such_job)
}

/// The whole job named in a path, as its journal has it, if the tenant has it.
pub async fn replayed_job(desk: &Desk, tenant: &Tenant, id: &str) -> Result<Job, Problem> {
    let id = query::job_id(id)?;
    desk.house
        .coordinator
        .replay(tenant, id)
        .await?
        .ok_or_else(Problem::no_such_job)
}
