//! On whose behalf a request is made.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use callboard_orchestra::{Author, Tenant};

use super::{error::Problem, observe};

/// Who makes the request, and what it may see.
pub struct Caller {
    /// Whose jobs the request may see.
    pub tenant: Tenant,
    pub author: Author,
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self {
            tenant: Tenant::default(),
            author: Author {
                request_id: Some(observe::request_id().into()),
                address: request.peer_addr().map(|peer| peer.ip()),
                ..Author::anonymous()
            },
        }))
    }
}
