//! GET /v1/generate/{entity}

use std::{convert::Infallible, io};

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    body::{BodyStream, SizedStream},
    http::{
        Method,
        header::{
            CACHE_CONTROL, CONTENT_DISPOSITION, ContentDisposition, DispositionParam,
            DispositionType, ETAG, EntityTag, LINK,
        },
    },
    web::{Bytes, Data, Path},
};
use callboard_synth::{BLOCK_ROWS, Entity, Format, Press, ending, media_type};
use futures_util::{StreamExt as _, stream};

use super::{
    columns::columns,
    generation::{Generation, count},
    lines::lines,
    query::{GenerateQuery, LIMIT_MAX, Window},
};
use crate::{
    cache::Key,
    http::{
        caller::Caller,
        conditional,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        query::Asked,
        responses::StreamFailures,
    },
};

/// Answers of at most so many rows, and so every page, are made whole and kept.
const WHOLE_ROWS_MAX: u64 = LIMIT_MAX as u64;
/// Answers of at most so many rows are handed over whole; those of more take a seat until they are sent.
const SMALL_ROWS_MAX: u64 = BLOCK_ROWS;

/// Generate synthetic rows
///
/// The rows of a data set that its parameters name: the same parameters give the same bytes, and any part is the same
/// part of the whole. CSV has its header before row 0. Long answers are streamed as they are made; one that breaks off is
/// not complete. With `limit` a page is answered, and `Link` names the next one.
#[utoipa::path(
    get, path = "/v1/generate/{entity}", tag = "generate", operation_id = "generate",
    params(
        ("entity" = String, Path, description = "`customers`, `merchants` or `transactions`", example = "transactions"),
        GenerateQuery,
        ("If-None-Match" = Option<String>, Header, description = "ETags that the client has"),
    ),
    responses(
        (status = 200, description = "The rows, in the media type of the format", body = Vec<u8>, content_type = "text/csv",
            headers(
                ("ETag" = String, description = "Follows from the parameters"),
                ("Cache-Control" = String, description = "As `cache.generate` says"),
                ("Link" = String, description = "Where the next page is, with `rel=\"next\"`"),
            )),
        (status = 304, description = "The client has them"),
        (status = 400, description = "The query cannot be read, or has unknown keys", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such entity", body = ProblemBody, content_type = "application/problem+json"),
        (status = 422, description = "A parameter is out of its range; `field` names it", body = ProblemBody, content_type = "application/problem+json"),
        StreamFailures,
    )
)]
pub async fn rows(
    request: HttpRequest,
    entity: Path<String>,
    Asked(asked): Asked<GenerateQuery>,
    desk: Data<Desk>,
    caller: Caller,
) -> Result<HttpResponse, Problem> {
    let generation = &desk.generation;
    let window = asked.window(entity_of(&entity)?, generation.rows_max)?;
    let key = window.key();
    let etag = EntityTag::new_strong(hex::encode(key));
    let mut response = HttpResponse::Ok();
    response
        .insert_header((ETAG, etag.clone()))
        .insert_header((CACHE_CONTROL, generation.policy.header()));
    if conditional::client_has(&request, &etag) {
        response.status(actix_web::http::StatusCode::NOT_MODIFIED);
        return Ok(response.finish());
    }
    describe(&mut response, &request, &window);
    if request.method() == Method::HEAD {
        let nothing = stream::empty::<Result<Bytes, Infallible>>();
        return Ok(response.body(BodyStream::new(nothing)));
    }
    if window.len() <= SMALL_ROWS_MAX {
        return Ok(response.body(kept(generation, key, window).await?));
    }
    if desk.is_draining() {
        return Err(Problem::draining());
    }
    let answer = generation.open(&caller.principal, desk.shutdown.clone())?;
    if window.len() <= WHOLE_ROWS_MAX {
        let whole = kept(generation, key, window).await?;
        let bytes = whole.len() as u64;
        let pieces = stream::iter([Ok(whole)]).map(move |whole| {
            // The seat is taken until the stream is dropped.
            let _ = &answer;
            whole
        });
        return Ok(response.body(SizedStream::new(bytes, generation.send(pieces, &request))));
    }
    let Window { accepted, rows, .. } = window;
    let spec = answer.make(|_| Ok(accepted.resolve())).await;
    let spec = spec.map_err(|error| Problem::internal(&error))?;
    Ok(match spec.format() {
        Format::Parquet => {
            let columns = columns(answer, spec, rows);
            let columns = columns.map_err(|error| Problem::internal(&error))?;
            response.body(BodyStream::new(generation.send(columns, &request)))
        }
        Format::Csv | Format::Jsonl => {
            let lines = lines(answer, spec, rows);
            response.body(BodyStream::new(generation.send(lines, &request)))
        }
    })
}

/// The whole answer, from the cache or made.
async fn kept(generation: &Generation, key: Key, window: Window) -> Result<Bytes, Problem> {
    let whole = generation.on_thread(move || whole(window));
    let answer = generation.cache.get_or(key, whole).await;
    answer.map_err(|error| Problem::internal(&*error))
}

fn whole(window: Window) -> io::Result<Bytes> {
    let rows = window.len();
    let spec = window.accepted.resolve();
    let press = Press::new(spec.clone(), window.rows);
    let mut press = press.map_err(io::Error::other)?;
    press.advance(rows, || false).map_err(io::Error::other)?;
    let (bytes, tally) = press.finish().map_err(io::Error::other)?;
    count(spec.entity(), tally.rows);
    Ok(bytes.into())
}

fn entity_of(name: &str) -> Result<Entity, Problem> {
    let named = Entity::ALL.into_iter().find(|one| one.as_str() == name);
    named.ok_or_else(|| {
        let known = Entity::ALL.map(Entity::as_str).join(", ");
        let detail = format!("there are no {name:?} to generate; there are {known}");
        Problem::new(Kind::NotFound, "unknown_entity", detail).field("entity")
    })
}

/// What the answer is, in headers.
fn describe(response: &mut HttpResponseBuilder, request: &HttpRequest, window: &Window) {
    let asked = window.accepted.request();
    let name = format!("{}.{}", asked.entity.as_str(), ending(asked));
    response
        .content_type(media_type(asked.format, asked.compression))
        .insert_header((
            CONTENT_DISPOSITION,
            ContentDisposition {
                disposition: DispositionType::Attachment,
                parameters: vec![DispositionParam::Filename(name)],
            },
        ));
    if let Some(next) = window.next {
        let mut query: Vec<&str> = request
            .query_string()
            .split('&')
            .filter(|pair| !pair.is_empty() && !pair.starts_with("offset="))
            .collect();
        let offset = format!("offset={next}");
        query.push(&offset);
        let link = format!("<{}?{}>; rel=\"next\"", request.path(), query.join("&"));
        response.insert_header((LINK, link));
    }
}
