//! PATCH /v1/users/{id}

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Path, Payload as Body},
};
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{
    owned::{last_administrator, no_such_user, user_row},
    view::UserView,
};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        json,
        keys::grant,
        responses::BodyFailures,
    },
    store::UserChange,
};

/// What is to be otherwise with a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct ChangedUser {
    /// It permits nothing that the caller may not do.
    #[serde(default)]
    #[schema(example = "viewer")]
    role: Option<String>,
    /// Who is not enabled cannot log in.
    #[serde(default)]
    enabled: Option<bool>,
}

/// Change a user's role, or disable or enable the user
///
/// It holds at once. With disabling every login of the user is over, and streams that were opened with one end.
#[utoipa::path(
    patch, path = "/v1/users/{id}", tag = "access", operation_id = "change_user",
    params(("id" = String, Path, description = "Id of the user")),
    request_body(content = ChangedUser, content_type = "application/json"),
    responses(
        (status = 200, description = "The user", body = UserView),
        (status = 404, description = "No such user", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The tenant would have no administrator", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn change(
    request: HttpRequest,
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    let user = user_row(&desk, &caller, &id).await?;
    json::require_json(&request)?;
    let ChangedUser { role, enabled } = json::parse(&json::read_body(body, &desk.limits).await?)?;
    grant::over(&desk, &caller, &user).await?;
    if let Some(role) = &role {
        grant::role(&desk, &caller, &user.tenant, role).await?;
    }
    let details = json!({"role": role, "enabled": enabled});
    let entry = caller.entry("user.changed", format!("user:{}", user.name), details);
    let store = desk.authority.store();
    match store.change_user(&user, role, enabled, entry).await? {
        UserChange::Done(changed) => {
            desk.authority.changed();
            Ok(HttpResponse::Ok().json(UserView::of(&changed)))
        }
        UserChange::Unchanged => Ok(HttpResponse::Ok().json(UserView::of(&user))),
        UserChange::LastAdministrator => Err(last_administrator()),
        UserChange::Missing => Err(no_such_user()),
    }
}
