//! Who calls and whether they may: asked once for every operation, before its handler, by what the URL table says of it.
//! Limits come between the two, so that a request that is refused has been counted as well.

use std::sync::Arc;

use actix_web::{
    Error, HttpMessage, ResponseError,
    body::{BoxBody, EitherBody, MessageBody},
    dev::{ServiceRequest, ServiceResponse},
    http::{
        Method,
        header::{AUTHORIZATION, HeaderName, ORIGIN, UPGRADE},
    },
    middleware::Next,
    web::{Data, Query},
};
use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};
use serde::Deserialize;
use serde_json::json;
use subtle::ConstantTimeEq;

use super::{
    access::{Access, Operation},
    caller::{self, Caller},
    desk::Desk,
    error::Problem,
    rate,
    sessions::access_token,
};
use crate::auth::{Credential, Principal, Unknown, csrf_token};

const BEARER: &str = "bearer ";
/// By it a page proves that it can read the cookies of this site.
const X_CSRF_TOKEN: HeaderName = HeaderName::from_static("x-csrf-token");

/// Finds out who calls the operations of one path. A method that is not among them passes, to be refused by its route.
pub async fn guard<B: MessageBody>(
    operations: &'static [Operation],
    mut request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match admit(operations, &mut request).await {
        Ok(()) => Ok(next.call(request).await?.map_into_left_body()),
        Err(problem) => {
            let refused = request.into_response(problem.error_response());
            Ok(refused.map_into_right_body())
        }
    }
}

/// Refuses callers who may not.
pub async fn permit<B: MessageBody>(
    operations: &'static [Operation],
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<EitherBody<B, BoxBody>>, Error> {
    match refusal(operations, &request) {
        None => Ok(next.call(request).await?.map_into_left_body()),
        Some(problem) => {
            let refused = request.into_response(problem.error_response());
            Ok(refused.map_into_right_body())
        }
    }
}

async fn admit(
    operations: &'static [Operation],
    request: &mut ServiceRequest,
) -> Result<(), Problem> {
    let Some(operation) = operation(operations, request.method()) else {
        return Ok(());
    };
    if operation.access == Access::Public {
        return Ok(());
    }
    let desk = desk_of(request);
    let author = caller::stranger(request.request());
    let principal = match identify(&desk, operation, request).await {
        Ok(principal) => principal,
        Err(unknown) => {
            if let Unknown::Store(error) = unknown {
                return Err(error.into());
            }
            rate::count_stranger(&desk, request).await?;
            note(&desk, operation, Tenant::default(), author);
            return Err(Problem::unauthenticated(&unknown));
        }
    };
    let author = Author {
        principal: principal.name.clone(),
        ..author
    };
    rate::count_as(request, &principal);
    request.extensions_mut().insert(Caller {
        tenant: principal.tenant.clone(),
        author,
        principal: Arc::new(principal),
    });
    Ok(())
}

fn refusal(operations: &'static [Operation], request: &ServiceRequest) -> Option<Problem> {
    let operation = operation(operations, request.method())?;
    // There is none where an operation is public.
    let caller = request.extensions().get::<Caller>().cloned()?;
    let is_by_page = matches!(caller.principal.credential, Credential::Session(_))
        && !is_by_ticket(operation, request);
    let problem = if is_by_page && !is_of_our_page(operation, request) {
        Problem::foreign_page()
    } else {
        let needed = operation.access.permission()?;
        if caller.may(needed) {
            return None;
        }
        Problem::permission_denied(needed)
    };
    note(&desk_of(request), operation, caller.tenant, caller.author);
    Some(problem)
}

fn desk_of(request: &ServiceRequest) -> Data<Desk> {
    let desk = request.app_data::<Data<Desk>>().cloned();
    desk.expect("every server has a desk")
}

fn operation(operations: &'static [Operation], method: &Method) -> Option<&'static Operation> {
    let method = match *method {
        Method::HEAD => &Method::GET,
        _ => method,
    };
    let is_of = |operation: &&Operation| operation.method.eq_ignore_ascii_case(method.as_str());
    operations.iter().find(is_of)
}

async fn identify(
    desk: &Desk,
    operation: &Operation,
    request: &ServiceRequest,
) -> Result<Principal, Unknown> {
    if desk.authority.is_open() {
        return Ok(Principal::anonymous());
    }
    if let Some(token) = bearer(request)? {
        return desk.authority.bearer(token).await;
    }
    if operation.is_stream
        && let Some(ticket) = ticket(request)
    {
        return desk.authority.ticket(&ticket).await;
    }
    match access_token(request) {
        Some(access) => desk.authority.session(&access).await,
        None => Err(Unknown::Missing),
    }
}

/// What a request must bear besides a login's cookie, which a browser sends along whoever's page asks: to change something,
/// the header that only a page of this site can know; to open a websocket, the page's origin.
fn is_of_our_page(operation: &Operation, request: &ServiceRequest) -> bool {
    if operation.is_stream {
        return !request.headers().contains_key(UPGRADE) || request.headers().contains_key(ORIGIN);
    }
    let token = request.headers().get(X_CSRF_TOKEN);
    let expected = access_token(request).map(|access| csrf_token(&access));
    operation.method == "get"
        || token
            .zip(expected)
            .is_some_and(|(token, expected)| token.as_bytes().ct_eq(expected.as_bytes()).into())
}

/// The token of an `Authorization` header; an error when there is one of another scheme, or more than one.
fn bearer(request: &ServiceRequest) -> Result<Option<&str>, Unknown> {
    let mut headers = request.headers().get_all(AUTHORIZATION);
    let Some(header) = headers.next() else {
        return Ok(None);
    };
    if headers.next().is_some() {
        return Err(Unknown::Scheme);
    }
    let text = header.to_str().map_err(|_| Unknown::Scheme)?;
    match text.split_at_checked(BEARER.len()) {
        Some((scheme, token)) if scheme.eq_ignore_ascii_case(BEARER) => Ok(Some(token.trim())),
        _ => Err(Unknown::Scheme),
    }
}

/// A ticket was asked for by the page that uses it.
fn is_by_ticket(operation: &Operation, request: &ServiceRequest) -> bool {
    operation.is_stream && ticket(request).is_some()
}

#[derive(Deserialize)]
struct Ticket {
    ticket: Option<String>,
}

fn ticket(request: &ServiceRequest) -> Option<String> {
    let query = Query::<Ticket>::from_query(request.query_string());
    query.ok()?.into_inner().ticket
}

/// Tells the audit log that somebody was refused.
fn note(desk: &Desk, operation: &Operation, tenant: Tenant, author: Author) {
    let permission = operation.access.permission().map(|needed| needed.name());
    let details = json!({
        "method": operation.method, "path": operation.path, "permission": permission,
    });
    desk.authority.refused(AuditEntry {
        tenant,
        at: Timestamp::now(),
        author,
        action: "permission.denied",
        subject: None,
        details: details.as_object().cloned().unwrap_or_default(),
    });
}
