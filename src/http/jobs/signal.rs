//! POST /v1/jobs/{id}/signals/{name}

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use callboard_orchestra::{Payload, submission::is_signal_name};

use super::view::JobView;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    json, query,
    responses::CoordinatorFailures,
};

/// Largest payload of a signal.
const SIGNAL_BYTES_MAX: usize = 256 * 1024;

/// Send a job a signal
///
/// For the task that waits for it, or kept for one that will. The body is what the task gets: any JSON, null when there
/// is none.
#[utoipa::path(
    post, path = "/v1/jobs/{id}/signals/{name}", tag = "jobs", operation_id = "signal_job",
    params(
        ("id" = String, Path, description = "Id of the job"),
        ("name" = String, Path, description = "1 to 128 of a-z A-Z 0-9 . _ -", example = "go"),
    ),
    request_body(content = Option<serde_json::Value>, content_type = "application/json"),
    responses(
        (status = 202, description = "The job has the signal, durably; the answer is without input and result", body = JobView),
        (status = 400, description = "The id is not a job id, the name is not that of a signal, or the body is not JSON", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        (status = 408, description = "The body did not arrive in time", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The job has ended, or keeps too many signals that nothing has waited for", body = ProblemBody, content_type = "application/problem+json"),
        (status = 413, description = "The body is too large", body = ProblemBody, content_type = "application/problem+json"),
        (status = 415, description = "The body is not declared as JSON", body = ProblemBody, content_type = "application/problem+json"),
        CoordinatorFailures,
    )
)]
pub async fn signal(
    request: HttpRequest,
    path: Path<(String, String)>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let (id, name) = path.into_inner();
    let id = query::job_id(&id)?;
    if !is_signal_name(&name) {
        let detail = "a signal is named by 1 to 128 of a-z A-Z 0-9 . _ -";
        return Err(Problem::new(Kind::Malformed, "invalid_signal_name", detail).field("name"));
    }
    let bytes_max = SIGNAL_BYTES_MAX.min(desk.limits.body_bytes_max);
    let body = json::read_body_of(bytes_max, body, &desk.limits).await?;
    let payload = if body.is_empty() {
        Payload::of(&()).expect("null is JSON")
    } else {
        json::require_json(&request)?;
        json::payload(&body)?
    };
    let signalled =
        desk.house
            .coordinator
            .signal(&caller.tenant, id, &name, payload, &caller.author);
    let row = signalled.await?;
    tracing::info!(job.id = %id, signal = name, "job signalled");
    Ok(HttpResponse::Accepted().json(JobView::in_list(&row).seen_by(&caller)))
}
