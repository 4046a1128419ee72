//! GET /v1/jobs/{id}/artifacts/{name}

use std::io;

use actix_web::{
    HttpRequest, HttpResponse,
    http::header::{
        CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, ContentDisposition,
        DispositionParam, DispositionType, ETAG, EntityTag, Header as _, HeaderValue, IfNoneMatch,
    },
    web::{Bytes, Data, Path},
};
use callboard_orchestra::artifact::ArtifactError;

use super::show::replayed_job;
use crate::http::{
    caller::Caller,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
};

/// What a browser may do with an artifact it shows: nothing but draw it. An SVG is a document and could carry scripts.
const SANDBOX: &str = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:";
/// Media types a browser shows in place; every other is offered as a download.
const SHOWN_IN_PLACE: [&str; 6] = [
    "application/json",
    "image/png",
    "image/svg+xml",
    "text/csv",
    "text/markdown",
    "text/plain",
];

/// Read an artifact
#[utoipa::path(
    get, path = "/v1/jobs/{id}/artifacts/{name}", tag = "jobs", operation_id = "show_artifact",
    params(
        ("id" = String, Path, description = "Id of the job"),
        ("name" = String, Path, description = "Name of the artifact", example = "growth.svg"),
        ("If-None-Match" = Option<String>, Header, description = "ETags that the client has"),
    ),
    responses(
        (status = 200, description = "The bytes, in the media type of the artifact", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "SHA-256 of the bytes"))),
        (status = 304, description = "The client has it"),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job, or no such artifact", body = ProblemBody, content_type = "application/problem+json"),
        (status = 500, description = "Internal error", body = ProblemBody, content_type = "application/problem+json"),
    )
)]
pub async fn artifact(
    request: HttpRequest,
    path: Path<(String, String)>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let (id, name) = path.into_inner();
    let job = replayed_job(&desk, &caller.0, &id).await?;
    let named = job
        .artifacts
        .iter()
        .rev()
        .map(|(_, artifact)| artifact)
        .find(|found| found.name == name);
    let artifact = named.ok_or_else(|| {
        Problem::new(
            Kind::NotFound,
            "artifact_not_found",
            "the job has no artifact of this name",
        )
    })?;
    let etag = EntityTag::new_strong(artifact.sha256.clone());
    if client_has(&request, &etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag))
            .finish());
    }
    let content = desk
        .artifacts
        .get(&artifact.sha256)
        .await?
        .ok_or_else(|| lost(&artifact.sha256))?;
    Ok(HttpResponse::Ok()
        .content_type(media_type(&artifact.media_type))
        .insert_header((ETAG, etag))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((
            CONTENT_DISPOSITION,
            disposition(&artifact.name, &artifact.media_type),
        ))
        .insert_header((CONTENT_SECURITY_POLICY, SANDBOX))
        .body(Bytes::from_owner(content)))
}

/// The journal has the artifact and the disk does not.
fn lost(sha256: &str) -> Problem {
    let cause = format!("there is no file of artifact {sha256}");
    ArtifactError::Store(io::Error::new(io::ErrorKind::NotFound, cause)).into()
}

/// The media type a role gave, unless it cannot stand in a header.
fn media_type(given: &str) -> HeaderValue {
    HeaderValue::from_str(given).unwrap_or(HeaderValue::from_static("application/octet-stream"))
}

fn client_has(request: &HttpRequest, etag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(etag)),
        Err(_) => false,
    }
}

fn disposition(name: &str, media_type: &str) -> ContentDisposition {
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    let in_place = SHOWN_IN_PLACE.contains(&essence);
    ContentDisposition {
        disposition: if in_place {
            DispositionType::Inline
        } else {
            DispositionType::Attachment
        },
        parameters: vec![DispositionParam::Filename(name.to_owned())],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_cannot_add_headers() {
        assert_eq!(media_type("text/csv"), "text/csv");
        assert_eq!(
            media_type("text/csv\r\nset-cookie: a=b"),
            "application/octet-stream"
        );
    }

    #[test]
    fn html_is_never_shown_in_place() {
        assert_eq!(
            disposition("a.html", "text/html; charset=utf-8").to_string(),
            r#"attachment; filename="a.html""#
        );
        assert_eq!(
            disposition("a.svg", "image/svg+xml").to_string(),
            r#"inline; filename="a.svg""#
        );
    }
}
