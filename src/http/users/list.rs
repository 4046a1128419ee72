//! GET /v1/users

use actix_web::{HttpResponse, web::Data};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::view::UserView;
use crate::{
    auth::role,
    http::{
        caller::Caller,
        cursor,
        desk::Desk,
        error::{Kind, Problem, ProblemBody},
        query::{self, Asked},
        responses::StoreFailures,
    },
};

const USERS_DEFAULT: usize = 50;
const USERS_MAX: usize = 200;

/// Which users to list.
#[derive(Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub struct UsersAsked {
    /// Users of a page.
    #[param(minimum = 1, maximum = 200, default = 50)]
    #[serde(default, deserialize_with = "query::whole_number")]
    limit: Option<usize>,
    /// Users whose names come after this one.
    after: Option<String>,
}

/// A page of users, by name.
#[derive(Serialize, ToSchema)]
pub struct UsersPage {
    items: Vec<UserView>,
    /// `after` of the next page; missing on the last.
    #[serde(skip_serializing_if = "Option::is_none")]
    next_after: Option<String>,
}

/// List the users of the tenant, by name
#[utoipa::path(
    get, path = "/v1/users", tag = "access", operation_id = "list_users",
    params(UsersAsked),
    responses(
        (status = 200, description = "A page of users", body = UsersPage),
        (status = 400, description = "The query cannot be read", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn list(
    Asked(asked): Asked<UsersAsked>,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    let limit = query::page_limit(asked.limit, USERS_DEFAULT, USERS_MAX)?;
    let store = desk.authority.store();
    let after = asked.after.as_deref();
    if let Some(after) = after.filter(|after| !role::is_name(after)) {
        let detail = format!("`{after}` is no name of a user");
        return Err(Problem::new(Kind::Malformed, "invalid_query", detail).field("after"));
    }
    let mut rows = store
        .users(&caller.tenant, after, cursor::rows_of(limit))
        .await?;
    let has_more = rows.len() > limit;
    rows.truncate(limit);
    let last = rows.last().filter(|_| has_more);
    Ok(HttpResponse::Ok().json(UsersPage {
        next_after: last.map(|row| row.name.clone()),
        items: rows.iter().map(UserView::of).collect(),
    }))
}
