//! Requests on condition: what the client says it has already (RFC 9110, section 13).

use actix_web::{
    HttpMessage,
    http::header::{EntityTag, Header as _, IfNoneMatch},
};

/// Whether `If-None-Match` names what would be answered.
pub fn client_has(request: &impl HttpMessage, etag: &EntityTag) -> bool {
    match IfNoneMatch::parse(request) {
        Ok(IfNoneMatch::Any) => true,
        Ok(IfNoneMatch::Items(known)) => known.iter().any(|known| known.weak_eq(etag)),
        Err(_) => false,
    }
}
