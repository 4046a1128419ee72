//! GET /v1/jobs/{id}/artifacts/{name}

use std::convert::Infallible;

use actix_web::{
    HttpRequest, HttpResponse,
    body::SizedStream,
    http::{
        Method, StatusCode,
        header::{
            ACCEPT_RANGES, CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_RANGE,
            CONTENT_SECURITY_POLICY, ContentDisposition, DispositionParam, DispositionType, ETAG,
            EntityTag, HeaderValue,
        },
    },
    web::{Bytes, Data, Path},
};
use futures_util::stream;

use super::{artifact_content::content, show::replayed_job};
use crate::http::{
    caller::Caller,
    conditional,
    desk::Desk,
    error::{Kind, Problem, ProblemBody},
    range::{self, Asked},
    responses::StoreFailures,
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
///
/// A whole answer is checked against its ETag before its last bytes go out: where the disk has decayed, it breaks off. A
/// part is checked for its length alone.
#[utoipa::path(
    get, path = "/v1/jobs/{id}/artifacts/{name}", tag = "jobs", operation_id = "show_artifact",
    params(
        ("id" = String, Path, description = "Id of the job"),
        ("name" = String, Path, description = "Name of the artifact", example = "growth.svg"),
        ("If-None-Match" = Option<String>, Header, description = "ETags that the client has"),
        ("Range" = Option<String>, Header, description = "One part of the bytes; several are answered with the whole", example = "bytes=0-1023"),
        ("If-Range" = Option<String>, Header, description = "ETag of the bytes the part is to be of; of others the whole is answered"),
    ),
    responses(
        (status = 200, description = "The bytes, in the media type of the artifact", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "SHA-256 of the bytes"), ("Accept-Ranges" = String, description = "`bytes`"))),
        (status = 206, description = "The part asked for", body = Vec<u8>, content_type = "application/octet-stream",
            headers(("ETag" = String, description = "SHA-256 of all the bytes"), ("Content-Range" = String, description = "`bytes first-last/length`"))),
        (status = 304, description = "The client has it"),
        (status = 400, description = "The id is not a job id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such job, or no such artifact", body = ProblemBody, content_type = "application/problem+json"),
        (status = 416, description = "The range lies beyond the end", body = ProblemBody, content_type = "application/problem+json",
            headers(("Content-Range" = String, description = "`bytes */length`"))),
        StoreFailures,
    )
)]
pub async fn artifact(
    request: HttpRequest,
    path: Path<(String, String)>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let (id, name) = path.into_inner();
    let job = replayed_job(&desk, &caller.tenant, &id).await?;
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
    if conditional::client_has(&request, &etag) {
        return Ok(HttpResponse::NotModified()
            .insert_header((ETAG, etag))
            .finish());
    }
    let span = match range::asked(&request, &etag, artifact.bytes) {
        Asked::Whole => 0..artifact.bytes,
        Asked::Part(span) => span,
        Asked::Beyond => return Err(Problem::range_not_satisfiable(artifact.bytes)),
    };
    let mut response = HttpResponse::Ok();
    if span != (0..artifact.bytes) {
        response.status(StatusCode::PARTIAL_CONTENT);
        let (last, length) = (span.end - 1, artifact.bytes);
        let placed = format!("bytes {}-{last}/{length}", span.start);
        response.insert_header((CONTENT_RANGE, placed));
    }
    response
        .content_type(media_type(&artifact.media_type))
        .insert_header((ETAG, etag))
        .insert_header((ACCEPT_RANGES, "bytes"))
        .insert_header((CACHE_CONTROL, "private, no-cache"))
        .insert_header((
            CONTENT_DISPOSITION,
            disposition(&artifact.name, &artifact.media_type),
        ))
        .insert_header((CONTENT_SECURITY_POLICY, SANDBOX));
    let length = span.end - span.start;
    if request.method() == Method::HEAD {
        let nothing = stream::empty::<Result<Bytes, Infallible>>();
        return Ok(response.body(SizedStream::new(length, nothing)));
    }
    let content = content(desk.artifacts.clone(), artifact, span).await?;
    Ok(response.body(SizedStream::new(length, content)))
}

/// The media type a role gave, unless it cannot stand in a header.
fn media_type(given: &str) -> HeaderValue {
    HeaderValue::from_str(given).unwrap_or(HeaderValue::from_static("application/octet-stream"))
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
