//! POST /v1/users

use actix_web::{
    HttpRequest, HttpResponse,
    web::{Data, Payload as Body},
};
use callboard_orchestra::Timestamp;
use serde::Deserialize;
use serde_json::json;
use utoipa::ToSchema;

use super::{password::checked, view::UserView};
use crate::{
    auth::{UserId, role},
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        json,
        keys::grant,
        responses::BodyFailures,
    },
    store::UserRow,
};

/// A user to be made.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NewUser {
    #[schema(example = "kim")]
    name: String,
    /// It permits nothing that the caller may not do.
    #[schema(example = "user")]
    role: String,
    #[schema(format = Password, min_length = 12, max_length = 1024)]
    password: String,
    /// Another tenant than the caller's, for callers who run the server.
    #[serde(default)]
    tenant: Option<String>,
}

/// Make a user
#[utoipa::path(
    post, path = "/v1/users", tag = "access", operation_id = "create_user",
    request_body(content = NewUser, content_type = "application/json"),
    responses(
        (status = 201, description = "The user", body = UserView),
        (status = 409, description = "The tenant has a user of this name", body = ProblemBody, content_type = "application/problem+json"),
        BodyFailures,
    )
)]
pub async fn create(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
    body: Body,
) -> Result<HttpResponse, Problem> {
    json::require_json(&request)?;
    let new: NewUser = json::parse(&json::read_body(body, &desk.limits).await?)?;
    let tenant = grant::tenant(&caller, new.tenant)?;
    grant::role(&desk, &caller, &tenant, &new.role).await?;
    if !role::is_name(&new.name) {
        return Err(grant::invalid("invalid_name", "name", &new.name));
    }
    let password = desk.authority.passwords().hash(checked(new.password)?);
    let row = UserRow {
        id: UserId::mint(),
        tenant,
        name: new.name,
        role: new.role,
        password: password.await?,
        enabled: true,
        created_at: Timestamp::now(),
        created_by: caller.author.principal.to_string(),
    };
    let details = json!({"id": row.id, "role": row.role, "of_tenant": row.tenant.as_str()});
    let entry = caller.entry("user.created", format!("user:{}", row.name), details);
    if desk.authority.store().add_user(&row, entry).await? {
        return Ok(HttpResponse::Created().json(UserView::of(&row)));
    }
    let detail = format!("the tenant has a user `{}`", row.name);
    Err(Problem::new(Kind::Conflict, "user_exists", detail).field("name"))
}
