//! How often a caller may ask: counted before anything is read, told in the headers of every answer that was counted.
//! The names are those of drafts 03 to 06 of draft-ietf-httpapi-ratelimit-headers.

use std::{net::IpAddr, sync::Arc, time::Duration};

use actix_web::{
    Error, HttpMessage, HttpRequest, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::header::{HeaderMap, HeaderName, HeaderValue},
    middleware::Next,
    web::Data,
};
use callboard_orchestra::Tenant;

use super::{
    client_address::client_address,
    desk::Desk,
    error::{Kind, Problem},
};
use crate::{
    auth::{Credential, Principal, role},
    limits::{QuotaExceeded, RateKey, Tier, Verdict, counted_as},
};

/// Where paths of tenants begin. Probes and metrics are the operator's.
const OF_TENANTS: &str = "/v1/";
const LIMIT: HeaderName = HeaderName::from_static("ratelimit-limit");
const REMAINING: HeaderName = HeaderName::from_static("ratelimit-remaining");
const RESET: HeaderName = HeaderName::from_static("ratelimit-reset");

/// The middleware, between the guard, which knows the caller, and what says whether the caller may.
pub async fn limit_rate<B: MessageBody>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    let Some(desk) = request.app_data::<Data<Desk>>().cloned() else {
        return Ok(next.call(request).await?.map_into_left_body());
    };
    let verdict = match key_of(&request, &desk) {
        Some(key) => desk.rates.ask(&key).await,
        None => None,
    };
    let refused = match verdict.and_then(|verdict| verdict.retry_after) {
        Some(delay) => Some(too_often(delay)),
        None => match tenant_of(&request) {
            Some(tenant) => desk.quotas.request(&tenant).await.err().map(Problem::from),
            None => None,
        },
    };
    let mut response = match refused {
        Some(problem) => request
            .into_response(problem.error_response())
            .map_into_right_body(),
        None => next.call(request).await?.map_into_left_body(),
    };
    if let Some(verdict) = verdict {
        tell(response.headers_mut(), verdict);
    }
    Ok(response)
}

/// Has a request counted as one of this caller, and against the quota of its tenant. Where nobody is asked who they are it
/// counts against its address.
pub fn count_as(request: &ServiceRequest, principal: &Principal) {
    let mut extensions = request.extensions_mut();
    extensions.insert(principal.tenant.clone());
    if principal.credential == Credential::None {
        return;
    }
    let is_elevated = |role: &str| matches!(role, role::ADMIN | role::SERVICE);
    let tier = match principal.roles.iter().any(is_elevated) {
        true => Tier::Elevated,
        false => Tier::Standard,
    };
    // Tenants may each have a user of the same name. No name of a tenant has a slash.
    let key = format!("{}/{}", principal.tenant, principal.name);
    extensions.insert(RateKey {
        tier,
        key: key.into(),
    });
}

/// Counts a request whose caller did not show who it is, against its address.
pub async fn count_stranger(desk: &Desk, request: &ServiceRequest) -> Result<(), Problem> {
    let verdict = match address_of(request, desk) {
        Some(key) => desk.rates.ask(&key).await,
        None => None,
    };
    match verdict.and_then(|verdict| verdict.retry_after) {
        Some(delay) => Err(too_often(delay)),
        None => Ok(()),
    }
}

/// Counts an attempt to log in against its address, beside the request.
pub async fn count_login(desk: &Desk, request: &HttpRequest) -> Result<(), Problem> {
    let key =
        client_address(request).and_then(|address| key_of_address(address, Tier::Login, desk));
    let verdict = match key {
        Some(key) => desk.rates.ask(&key).await,
        None => None,
    };
    match verdict.and_then(|verdict| verdict.retry_after) {
        Some(delay) => Err(too_often(delay)),
        None => Ok(()),
    }
}

/// Whom the request is counted as; None for one of this machine without a key.
fn key_of(request: &ServiceRequest, desk: &Desk) -> Option<RateKey> {
    let known = request.extensions().get::<RateKey>().cloned();
    known.or_else(|| address_of(request, desk))
}

fn address_of(request: &ServiceRequest, desk: &Desk) -> Option<RateKey> {
    let address = client_address(request.request())?;
    key_of_address(address, Tier::Anonymous, desk)
}

fn key_of_address(address: IpAddr, tier: Tier, desk: &Desk) -> Option<RateKey> {
    if address.to_canonical().is_loopback() && !desk.rates.limit_loopback {
        return None;
    }
    Some(RateKey {
        tier,
        key: Arc::from(counted_as(address).to_string()),
    })
}

/// Whose quota the request counts against; None outside of what tenants have, and for strangers.
fn tenant_of(request: &ServiceRequest) -> Option<Tenant> {
    let known = request.extensions().get::<Tenant>().cloned();
    known.filter(|_| request.path().starts_with(OF_TENANTS))
}

fn too_often(delay: Duration) -> Problem {
    let detail = "this caller asks too often";
    Problem::new(Kind::RateLimited, "rate_limited", detail).retry_after(delay)
}

fn tell(headers: &mut HeaderMap, verdict: Verdict) {
    let reset_s = verdict.reset.as_millis().div_ceil(1_000);
    headers.insert(LIMIT, HeaderValue::from(verdict.limit));
    headers.insert(REMAINING, HeaderValue::from(verdict.remaining));
    let reset_s = u64::try_from(reset_s).unwrap_or(u64::MAX);
    headers.insert(RESET, HeaderValue::from(reset_s));
}

impl From<QuotaExceeded> for Problem {
    fn from(error: QuotaExceeded) -> Self {
        Self::new(Kind::RateLimited, "quota_exceeded", error.to_string())
            .field(error.quota)
            .retry_after(error.retry_after)
    }
}
