//! POST /v1/sessions/logout

use actix_web::{HttpRequest, HttpResponse, web::Data};
use serde_json::json;

use super::cookies::forget;
use crate::{
    auth::Credential,
    http::{caller::Caller, desk::Desk, error::Problem, responses::StoreFailures},
};

/// Log out
///
/// Streams that were opened with the login end. Without a login nothing happens.
#[utoipa::path(
    post, path = "/v1/sessions/logout", tag = "access", operation_id = "logout",
    responses((status = 204, description = "Logged out"), StoreFailures)
)]
pub async fn logout(
    request: HttpRequest,
    caller: Caller,
    desk: Data<Desk>,
) -> Result<HttpResponse, Problem> {
    if let Credential::Session(session) = caller.principal.credential {
        let entry = caller.entry(
            "session.ended",
            &caller.principal.name,
            json!({"session": session}),
        );
        desk.authority.logout(session, entry).await?;
    }
    Ok(forget(&request))
}
