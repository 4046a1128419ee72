//! On whose behalf something is done.

use std::{net::IpAddr, sync::Arc};

/// Who gave a command, and with which request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Author {
    /// `key:key_<32 hex digits>`, `user:<name>`, `jwt:<subject>`, `anonymous`, or `system` for the server itself.
    pub principal: Arc<str>,
    /// Of the request that brought the command.
    pub request_id: Option<Arc<str>>,
    /// Where the request came from.
    pub address: Option<IpAddr>,
}

impl Author {
    /// The server itself.
    pub fn system() -> Self {
        Self::of("system")
    }

    /// A caller who did not say who they are.
    pub fn anonymous() -> Self {
        Self::of("anonymous")
    }

    pub fn of(principal: impl Into<Arc<str>>) -> Self {
        Self {
            principal: principal.into(),
            request_id: None,
            address: None,
        }
    }
}
