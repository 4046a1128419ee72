//! GET /v1/jobs/{id}/artifacts

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use callboard_orchestra::{TaskId, artifact::Artifact};
use serde::Serialize;
use utoipa::ToSchema;

use super::show::replayed_job;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    responses::StoreFailures,
};

/// What the tasks of a job have left behind.
#[derive(Serialize, ToSchema)]
pub struct ArtifactsPage {
    items: Vec<ArtifactView>,
}

/// Named bytes.
#[derive(Serialize, ToSchema)]
#[schema(as = Artifact)]
pub struct ArtifactView {
    #[schema(example = "growth.svg")]
    name: String,
    #[schema(example = "image/svg+xml")]
    media_type: String,
    bytes: u64,
    /// In hex; also the ETag.
    sha256: String,
    /// The task that made it.
    task: u32,
    /// Path of the bytes.
    href: String,
}

/// List the artifacts of a job
#[utoipa::path(
    get, path = "/v1/jobs/{id}/artifacts", tag = "jobs", operation_id = "list_artifacts",
    params(("id" = String, Path, description = "Id of the job")),
    responses(
        (status = 200, description = "Every artifact; of several with one name, the last made answers to it", body = ArtifactsPage),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn artifacts(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let job = replayed_job(&desk, &caller.tenant, &id).await?;
    let view = |(task, artifact): &(TaskId, Artifact)| ArtifactView {
        name: artifact.name.clone(),
        media_type: artifact.media_type.clone(),
        bytes: artifact.bytes,
        sha256: artifact.sha256.clone(),
        task: task.0,
        href: format!("/v1/jobs/{}/artifacts/{}", job.id, artifact.name),
    };
    Ok(HttpResponse::Ok().json(ArtifactsPage {
        items: job.artifacts.iter().map(view).collect(),
    }))
}
