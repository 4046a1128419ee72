//! POST /v1/jobs/{id}/retry

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};

use super::view::JobView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    query,
    responses::CoordinatorFailures,
};

/// Retry the tasks of a job that have used up their attempts
///
/// They get as many attempts again; what has succeeded stays. Of a job submitted with `on_exhausted: pause`.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/retry", tag = "jobs", operation_id = "retry_job",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "The tasks run again", body = JobView),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The job has ended, or no task has used up its attempts", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn retry(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let id = query::job_id(&id)?;
    let row = desk
        .house
        .coordinator
        .retry(&caller.tenant, id, &caller.author)
        .await?;
    tracing::info!(job.id = %id, "job retried");
    Ok(HttpResponse::Ok().json(JobView::of(&row).seen_by(&caller)))
}
