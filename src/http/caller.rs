//! On whose behalf a request is made.

use std::future::{Ready, ready};

use actix_web::{FromRequest, HttpRequest, dev::Payload};
use callboard_orchestra::Tenant;

use super::error::Problem;

/// The tenant whose jobs the request may see.
pub struct Caller(pub Tenant);

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(_: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(Ok(Self(Tenant::default())))
    }
}
