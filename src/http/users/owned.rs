//! The user that a path names, and why nothing is done to one.

use crate::{
    auth::UserId,
    http::{
        caller::Caller,
        desk::Desk,
        error::{Kind, Problem},
        query,
    },
    store::UserRow,
};

/// The user, if the caller's tenant has it.
pub async fn user_row(desk: &Desk, caller: &Caller, id: &str) -> Result<UserRow, Problem> {
    let id: UserId = query::id(id, "invalid_user_id")?;
    let found = desk
        .authority
        .store()
        .user_by_id(&caller.tenant, id)
        .await?;
    found.ok_or_else(no_such_user)
}

/// The user does not exist, or belongs to another tenant.
pub fn no_such_user() -> Problem {
    Problem::new(Kind::NotFound, "user_not_found", "no such user")
}

/// Nobody could give anybody anything any more.
pub fn last_administrator() -> Problem {
    let detail = "this is the last enabled user with the role admin";
    Problem::new(Kind::Conflict, "last_administrator", detail)
}
