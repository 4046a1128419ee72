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
    json,
    responses::BodyFailures,
};

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
/// For pages: the login is in cookies. After a few wrong passwords for a name the next is looked at only after a delay.
#[utoipa::path(
    post, path = "/v1/sessions", tag = "access", operation_id = "login",
    request_body(content = Credentials, content_type = "application/json"),
    responses(
        (status = 201, description = "Logged in", body = SessionView),
        (status = 401, description = "The name or the password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords for this name", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn login(
    request: HttpRequest,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let Credentials {
        name,
        password,
        tenant,
    } = json::parse(&json::read_body(body, &desk.limits).await?)?;
    let tenant = tenant.map_or_else(Tenant::default, Tenant::new);
    let author = caller::stranger(request.peer_addr());
    let login = desk.authority.login(&tenant, &name, password, &author);
    Ok(keep(HttpResponse::Created(), &request, &login.await?))
}
