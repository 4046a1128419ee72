//! The web console at `/`, the pages on the interface at `/docs`, and what both are made of below `/console/`.
//!
//! Nobody is asked who they are: the files tell nothing of any job, and pages read everything else through `/v1`. They are no
//! operations, so the URL table and the description of the interface leave them out.

use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    guard::{Any, Get, Head},
    http::header::{
        AcceptEncoding, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_SECURITY_POLICY, CONTENT_TYPE,
        ETAG, Encoding, EntityTag, Header as _, VARY,
    },
    web::{Path, ServiceConfig, resource, route, to},
};

use super::{
    conditional::client_has,
    error::{Kind, Problem},
};
use crate::console::asset;

/// Everything comes from this server; nothing within a page is run or styled but what it refers to.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; \
    img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
/// The names of libraries bear their versions.
const LIBRARIES: &str = "vendor/";
const FOR_EVER: &str = "public, max-age=31536000, immutable";
const ASK_EACH_TIME: &str = "no-cache";

/// Adds the pages and their files.
pub fn routes(config: &mut ServiceConfig) {
    let pages = [("/", "index.html"), ("/docs", "docs.html")];
    for (url, file) in pages {
        let page = move |request: HttpRequest| async move { answer(&request, file) };
        config.service(
            resource(url)
                .route(read_only().to(page))
                .default_service(to(refuse)),
        );
    }
    config.service(
        resource("/console/{path:.*}")
            .route(read_only().to(file))
            .default_service(to(refuse)),
    );
}

fn read_only() -> actix_web::Route {
    route().guard(Any(Get()).or(Head()))
}

async fn file(request: HttpRequest, path: Path<String>) -> Result<HttpResponse, Problem> {
    answer(&request, &path)
}

async fn refuse() -> Result<HttpResponse, Problem> {
    Err(Problem::method_not_allowed("GET, HEAD".to_owned()))
}

fn answer(request: &HttpRequest, path: &str) -> Result<HttpResponse, Problem> {
    let Some(asset) = asset(path) else {
        return Err(Problem::new(
            Kind::NotFound,
            "route_not_found",
            "there is nothing at this path",
        ));
    };
    let gzip = takes_gzip(request);
    // What is compressed has other bytes, hence another tag (RFC 9110, 8.8.3.3).
    let suffix = if gzip { "-gzip" } else { "" };
    let etag = EntityTag::new_strong(format!("{}{suffix}", asset.hash));
    let kept = if path.starts_with(LIBRARIES) {
        FOR_EVER
    } else {
        ASK_EACH_TIME
    };
    let is_known = client_has(request, &etag);
    let mut response = if is_known {
        HttpResponse::NotModified()
    } else {
        HttpResponse::Ok()
    };
    response
        .insert_header((CACHE_CONTROL, kept))
        .insert_header((VARY, "accept-encoding"))
        .insert_header((CONTENT_SECURITY_POLICY, POLICY))
        .insert_header((ETAG, etag.to_string()));
    if is_known {
        return Ok(response.finish());
    }
    response.insert_header((CONTENT_TYPE, asset.content_type));
    if gzip {
        response.insert_header((CONTENT_ENCODING, "gzip"));
        return Ok(response.body(asset.gzip.clone()));
    }
    Ok(response.body(asset.bytes.to_vec()))
}

fn takes_gzip(request: &impl HttpMessage) -> bool {
    let accepted = AcceptEncoding::parse(request).ok();
    let supported = [Encoding::gzip(), Encoding::identity()];
    accepted
        .and_then(|accepted| accepted.negotiate(supported.iter()))
        .is_some_and(|chosen| chosen == Encoding::gzip())
}
