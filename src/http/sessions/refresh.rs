//! POST /v1/sessions/refresh

use actix_web::{HttpRequest, HttpResponse, web::Data};

use super::cookies::{SessionView, keep, refresh_token};
use crate::{
    auth::NoLogin,
    http::{
        caller,
        desk::Desk,
        error::{Problem, ProblemBody},
        responses::StoreFailures,
    },
};

/// Refresh a login
///
/// The cookie `callboard_refresh` is good once and is replaced. One that comes a second time ends the login: two hold it.
#[utoipa::path(
    post, path = "/v1/sessions/refresh", tag = "access", operation_id = "refresh_login",
    responses(
        (status = 200, description = "Logged in for longer", body = SessionView),
        (status = 401, description = "The login is over", body = ProblemBody, content_type = "application/problem+json"),
        StoreFailures,
    )
)]
pub async fn refresh(request: HttpRequest, desk: Data<Desk>) -> Result<HttpResponse, Problem> {
    let token = refresh_token(&request).ok_or(NoLogin::Over)?;
    let author = caller::stranger(&request);
    let login = desk.authority.refresh(&token, &author).await?;
    Ok(keep(HttpResponse::Ok(), &request, &login))
}
