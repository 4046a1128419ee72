//! Who calls, once it is known, and why it is not.

use std::{fmt, sync::Arc};

use callboard_orchestra::{Tenant, Timestamp, journal::JournalError};

use super::{
    id::{KeyId, SessionId},
    permission::{Permission, Permissions},
    role,
    secret::SecretHash,
};

/// Who calls and what they may do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Principal {
    pub tenant: Tenant,
    /// `key:key_<32 hex digits>`, `user:<name>`, `jwt:<subject>` or `anonymous`.
    pub name: Arc<str>,
    pub roles: Roles,
    pub permissions: Permissions,
    pub credential: Credential,
    /// When the credential ends by itself; None for never.
    pub until: Option<Timestamp>,
}

/// Names of roles: one of a key or a user, as many of a token as it gives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Roles(Arc<[Box<str>]>);

impl Roles {
    pub fn of<T: Into<Box<str>>>(names: impl IntoIterator<Item = T>) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }

    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(|name| &**name)
    }
}

/// With a space between two.
impl fmt::Display for Roles {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0.join(" "))
    }
}

/// By what a principal was known.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential {
    /// Nobody is asked who they are.
    None,
    Key(KeyId, SecretHash),
    Session(SessionId),
    Token,
}

impl Principal {
    /// Whoever calls a server that asks nobody.
    pub fn anonymous() -> Self {
        Self {
            tenant: Tenant::default(),
            name: "anonymous".into(),
            roles: Roles::of([role::ADMIN]),
            permissions: Permissions::of(Permission::ALL),
            credential: Credential::None,
            until: None,
        }
    }

    pub fn may(&self, permission: Permission) -> bool {
        self.permissions.has(permission)
    }

    /// Whether the credential is good at `now`, as far as time alone says.
    pub fn is_within_time(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| until > now)
    }
}

/// Why a caller is not known.
#[derive(Debug, thiserror::Error)]
pub enum Unknown {
    #[error("this needs an API key, a token or a login")]
    Missing,
    #[error("the key is not known, has expired or is revoked")]
    Key,
    #[error("the login is over")]
    Session,
    #[error("the ticket is not known, was used or has expired")]
    Ticket,
    #[error("the token is not accepted: {0}")]
    Token(String),
    #[error("the caller's access has ended, or permits less, since the request came")]
    Lost,
    #[error("the authorization is none that this server knows: send `Bearer` and a key or a token")]
    Scheme,
    #[error(transparent)]
    Store(#[from] JournalError),
}
