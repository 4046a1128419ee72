//! POST /v1/sessions

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload as Body},
};
use callboard_orchestra::Tenant;
use serde::Deserialize;
use utoipa::ToSchema;

use super::cookies::{SessionView, keep};
use crate::http::{
    caller,
    desk::Desk,
    error::{Problem, ProblemBody},
    json, rate,
    responses::BodyFailures,
};

/// The longest password has up to six times as many bytes in JSON, and there are two names.
const BODY_BYTES_MAX: usize = 8 * 1_024;

/// Who logs in.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Credentials {
    #[schema(example = "kim")]
    name: String,
    #[schema(format = Password)]
    password: String,
    #[serde(default)]
    #[schema(default = "default")]
    tenant: Option<String>,
}

/// Log in with a password
///
/// For pages: the login is in cookies. After a few wrong passwords for a name the next of the same address
/// is looked at only after a delay.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "access", operation_id = "login",
    request_body(content = Credentials, content_type = "application/json"),
    responses(
        (status = 201, description = "Logged in", body = SessionView),
        (status = 401, description = "The name or the password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords for this name, or too many attempts of this address", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn login(
    request: HttpRequest,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    rate::count_login(&desk, &request).await?;
    json::require_json(&request)?;
    let Credentials {
        name,
        password,
        tenant,
    } = json::parse(&json::read_body_of(BODY_BYTES_MAX, body, &desk.limits).await?)?;
    let tenant = tenant.map_or_else(Tenant::default, Tenant::new);
    let author = caller::stranger(&request);
    let login = desk.authority.login(&tenant, &name, password, &author);
    Ok(keep(HttpResponse::Created(), &request, &login.await?))
}
