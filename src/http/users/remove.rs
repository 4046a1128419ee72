//! DELETE /v1/users/{id}

use actix_web::{
    HttpResponse,
    web::{Data, Path},
};
use serde_json::json;

use super::owned::{last_administrator, no_such_user, user_row};
use crate::{
    http::{
        caller::Caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        keys::grant,
        responses::StoreFailures,
    },
    store::UserChange,
};

/// Remove a user
///
/// Every login of the user is over at once, and streams that were opened with one end.
#[utoipa::path(
    delete, path = "/v1/users/{id}", tag = "access", operation_id = "remove_user",
    params(("id" = String, Path, description = "Id of the user")),
    responses(
        (status = 204, description = "The user is removed"),
        (status = 400, description = "The id is not a user id", body = ProblemBody, content_type = "application/problem+json"),
        (status = 404, description = "No such user", body = ProblemBody, content_type = "application/problem+json"),
        (status = 409, description = "The tenant would have no administrator", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn remove(
    id: Path<String>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let user = user_row(&desk, &caller, &id).await?;
    grant::over(&desk, &caller, &user).await?;
    let details = json!({"id": user.id, "role": user.role});
    let entry = caller.entry("user.removed", format!("user:{}", user.name), details);
    match desk.authority.store().remove_user(&user, entry).await? {
        UserChange::Done(_) => {
            desk.authority.changed();
            Ok(HttpResponse::NoContent().finish())
        }
        UserChange::LastAdministrator => Err(last_administrator()),
        UserChange::Unchanged | UserChange::Missing => Err(no_such_user()),
    }
}
