//! POST /v1/users/{name}/password

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::owned::no_such_user;
use crate::{
    auth::{PASSWORD_BYTES, role},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        json,
        keys::grant,
        responses::BodyFailures,
    },
};

/// A password to be set.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewPassword {
    #[schema(format = Password, min_length = 12, max_length = 1024)]
    password: String,
}

/// Set a user's password
///
/// Every login of the user is over.
#[utoipa::path(
    post, path = "/v1/users/{name}/password", tag = "access", operation_id = "set_password",
    params(("name" = String, Path, description = "Name of the user")),
    request_body(content = NewPassword, content_type = "application/json"),
    responses(
        (status = 204, description = "The password is set"),
        (status = 404, description = "No such user", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn set(
    request: HttpRequest,
    name: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let new: NewPassword = json::parse(&json::read_body(body, &desk.limits).await?)?;
    let password = checked(new.password)?;
    let authority = &desk.authority;
    if !role::is_name(&name) {
        return Err(no_such_user());
    }
    let user = authority.store().user(&caller.tenant, &name).await?;
    let user = user.ok_or_else(no_such_user)?;
    // Whoever sets a password can log in with it.
    let permissions = authority.permissions(&user.tenant, &user.role).await?;
    grant::within(&caller, permissions.unwrap_or_default())?;
    let hash = authority.passwords().hash(password).await?;
    let entry = caller.entry("user.password_set", format!("user:{name}"), json!({}));
    let set = authority
        .store()
        .set_password(&caller.tenant, &name, &hash, entry);
    if !set.await? {
        return Err(no_such_user());
    }
    authority.changed();
    Ok(HttpResponse::NoContent().finish())
}

/// A password that may be set.
pub fn checked(password: String) -> Result<String, Problem> {
    if PASSWORD_BYTES.contains(&password.len()) {
        return Ok(password);
    }
    let (min, max) = (PASSWORD_BYTES.start(), PASSWORD_BYTES.end());
    let detail = format!("a password has {min} to {max} bytes");
    Err(Problem::new(Kind::Invalid, "invalid_password", detail).field("password"))
}
