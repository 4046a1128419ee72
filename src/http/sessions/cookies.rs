//! What a page's browser keeps of a session. Scripts read the CSRF token alone; no other site's page makes a browser send
//! any of it.

use std::time::Duration;

use actix_web::{
    HttpRequest, HttpResponse, HttpResponseBuilder,
    cookie::{Cookie, SameSite, time},
    dev::ServiceRequest,
    http::header::CACHE_CONTROL,
};
use serde::Serialize;
use utoipa::ToSchema;

use crate::{
    auth::{Login, csrf_token},
    http::host,
};

pub const ACCESS_COOKIE: &str = "callboard_session";
const REFRESH_COOKIE: &str = "callboard_refresh";
const CSRF_COOKIE: &str = "callboard_csrf";
const EVERYWHERE: &str = "/";
const REFRESH_PATH: &str = "/v1/sessions";

/// A login. Its tokens are in cookies that scripts cannot read.
#[derive(Serialize, ToSchema)]
#[schema(as = Session)]
pub struct SessionView {
    #[schema(example = "user:kim")]
    principal: String,
    #[schema(example = "default")]
    tenant: String,
    #[schema(example = "user")]
    role: String,
    /// What the header `x-csrf-token` must bear in requests that change something; also in the cookie `callboard_csrf`.
    csrf_token: String,
    /// Seconds until the login needs to be refreshed.
    #[schema(example = 900)]
    expires_in_s: u64,
}

/// The access token that a request's cookies bear.
pub fn access_token(request: &ServiceRequest) -> Option<String> {
    let cookie = request.cookie(ACCESS_COOKIE)?;
    Some(cookie.value().to_owned())
}

pub fn refresh_token(request: &HttpRequest) -> Option<String> {
    let cookie = request.cookie(REFRESH_COOKIE)?;
    Some(cookie.value().to_owned())
}

/// Answers with a login, and lets the browser keep it.
pub fn keep(
    mut response: HttpResponseBuilder,
    request: &HttpRequest,
    login: &Login,
) -> HttpResponse {
    let csrf = csrf_token(login.access.reveal());
    let jar = Jar::of(request);
    let (access, session) = (login.access_ttl, login.session_ttl);
    response
        .insert_header((CACHE_CONTROL, "no-store"))
        .cookie(jar.cookie(ACCESS_COOKIE, login.access.reveal(), EVERYWHERE, access))
        .cookie(jar.cookie(
            REFRESH_COOKIE,
            login.refresh.reveal(),
            REFRESH_PATH,
            session,
        ))
        .cookie(jar.readable(CSRF_COOKIE, &csrf, access));
    response.json(SessionView {
        principal: login.principal.name.to_string(),
        tenant: login.principal.tenant.to_string(),
        role: login.principal.roles.to_string(),
        csrf_token: csrf,
        expires_in_s: access.as_secs(),
    })
}

/// Answers that the login is over, and lets the browser forget it.
pub fn forget(request: &HttpRequest) -> HttpResponse {
    let jar = Jar::of(request);
    HttpResponse::NoContent()
        .cookie(jar.cookie(ACCESS_COOKIE, "", EVERYWHERE, Duration::ZERO))
        .cookie(jar.cookie(REFRESH_COOKIE, "", REFRESH_PATH, Duration::ZERO))
        .cookie(jar.readable(CSRF_COOKIE, "", Duration::ZERO))
        .finish()
}

/// Cookies are for encrypted connections alone, unless the server is called by a loopback name without TLS.
struct Jar {
    secure: bool,
}

impl Jar {
    fn of(request: &HttpRequest) -> Self {
        Self {
            secure: request.app_config().secure() || !host::is_called_by_loopback(request),
        }
    }

    fn cookie(
        &self,
        name: &'static str,
        value: &str,
        path: &'static str,
        age: Duration,
    ) -> Cookie<'static> {
        let seconds = i64::try_from(age.as_secs()).unwrap_or(i64::MAX);
        Cookie::build(name, value.to_owned())
            .path(path)
            .http_only(true)
            .secure(self.secure)
            .same_site(SameSite::Strict)
            .max_age(time::Duration::seconds(seconds))
            .finish()
    }

    fn readable(&self, name: &'static str, value: &str, age: Duration) -> Cookie<'static> {
        let mut cookie = self.cookie(name, value, EVERYWHERE, age);
        cookie.set_http_only(false);
        cookie
    }
}
