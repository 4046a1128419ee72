//! On whose behalf a request is made.

use std::{
    future::{Ready, ready},
    sync::Arc,
};

use actix_web::{FromRequest, HttpMessage, HttpRequest, dev::Payload};
use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp};
use serde_json::{Map, Value};

use super::{client_address::client_address, error::Problem, observe};
use crate::auth::{Permission, Principal, Unknown};

/// Who makes the request, and what it may see. Known only where the URL table does not say that an operation is public.
#[derive(Clone)]
pub struct Caller {
    /// Whose jobs the request may see.
    pub tenant: Tenant,
    pub author: Author,
    pub principal: Arc<Principal>,
}

impl Caller {
    pub fn may(&self, permission: Permission) -> bool {
        self.principal.may(permission)
    }

    /// What the audit log is told of something that the caller has done in the tenant.
    pub fn entry(
        &self,
        action: &'static str,
        subject: impl ToString,
        details: Value,
    ) -> AuditEntry {
        AuditEntry {
            tenant: self.tenant.clone(),
            at: Timestamp::now(),
            author: self.author.clone(),
            action,
            subject: Some(subject.to_string()),
            details: match details {
                Value::Object(details) => details,
                _ => Map::new(),
            },
        }
    }

    /// Whether inputs, results and the texts of errors may be shown, all of them.
    pub fn sees_everything(&self) -> bool {
        self.may(Permission::ResultsRead) && self.may(Permission::LogsRead)
    }
}

impl FromRequest for Caller {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        let caller = request.extensions().get::<Self>().cloned();
        ready(caller.ok_or_else(|| Problem::unauthenticated(&Unknown::Missing)))
    }
}

/// The author of a request from which nobody is known.
pub fn stranger(request: &HttpRequest) -> Author {
    Author {
        request_id: Some(observe::request_id().into()),
        address: client_address(request),
        ..Author::anonymous()
    }
}
