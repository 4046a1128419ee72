//! Failpoints set from outside. In test builds only.

use actix_web::{
    HttpResponse,
    web::{Bytes, Path, ServiceConfig, put, resource},
};

use super::error::{Kind, Problem};

pub fn routes(config: &mut ServiceConfig) {
    config.service(resource("/test/failpoints/{name}").route(put().to(set)));
}

/// The body is an action of the crate `fail`: `1*panic`, `1%panic`, `off`.
async fn set(name: Path<String>, action: Bytes) -> Result<HttpResponse, Problem> {
    let action = std::str::from_utf8(&action).unwrap_or_default();
    fail::cfg(name.into_inner(), action)
        .map_err(|error| Problem::new(Kind::Invalid, "invalid_failpoint", error))?;
    Ok(HttpResponse::NoContent().finish())
}
