//! POST /v1/me/password

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload as Body},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use crate::{
    auth::{Credential, NoLogin},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        json,
        responses::BodyFailures,
        users::password::checked,
    },
};

/// A password in place of another.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedPassword {
    #[schema(format = Password)]
    old_password: String,
    #[schema(format = Password, min_length = 12, max_length = 1024)]
    new_password: String,
}

/// Change the caller's own password
///
/// For users who are logged in. Every other login of the user is over. A wrong old password counts as one that is wrong when
/// logging in.
#[utoipa::path(
    post, path = "/v1/me/password", tag = "access", operation_id = "change_own_password",
    request_body(content = ChangedPassword, content_type = "application/json"),
    responses(
        (status = 204, description = "The password is changed"),
        (status = 403, description = "The old password is wrong", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The caller is not logged in with a password", body = ProblemBody, content_type = "application/problem+json"),
        (status = 429, description = "Too many wrong passwords for this user", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn change(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let ChangedPassword {
        old_password,
        new_password,
    } = json::parse(&json::read_body(body, &desk.limits).await?)?;
    let Credential::Session(session) = caller.principal.credential else {
        let detail = "the caller is not logged in with a password";
        return Err(Problem::new(Kind::Conflict, "no_password", detail));
    };
    let new_password = checked(new_password).map_err(|problem| problem.field("new_password"))?;
    let entry = caller.entry("user.password_changed", &caller.principal.name, json!({}));
    let changed = desk
        .authority
        .change_password(session, old_password, new_password, entry);
    match changed.await {
        Ok(()) => Ok(HttpResponse::NoContent().finish()),
        // Who calls is known: a 401 would say otherwise.
        Err(NoLogin::Wrong) => {
            let detail = "the old password is wrong";
            let problem = Problem::new(Kind::Forbidden, "wrong_password", detail);
            Err(problem.field("old_password"))
        }
        Err(other) => Err(other.into()),
    }
}
