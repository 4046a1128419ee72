//! Says who calls. Asks the store once for a credential and keeps the answer until something changes: at once for what
//! this process changes, within a poll for what another process does.

use std::{sync::Arc, time::Duration};

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use callboard_runtime::{Home, Universe};
use tokio::sync::watch;

use super::{
    delays::Delays,
    id::SessionId,
    jwt::{Issuer, OpenIssuer},
    password::Passwords,
    permission::Permissions,
    principal::{Credential, Principal, Roles, Unknown},
    role,
    secret::{Secret, SecretHash, SecretKind},
    standing::Standing,
    tickets::{NoTicket, Tickets},
    verified::Credentials,
};
use crate::{
    config::AuthConfig,
    denials::Denials,
    outbound::Outbound,
    store::{AuthStore, SessionRow},
};

/// How often the store is asked whether another process has changed something.
const POLL_EVERY: Duration = Duration::from_millis(400);
/// When keys were used is written so often.
const WRITE_USE_EVERY: Duration = Duration::from_secs(1);

/// Says who calls and what they may do. Clones share it.
#[derive(Clone)]
pub struct Authority(Arc<Inner>);

struct Inner {
    store: AuthStore,
    denials: Denials,
    /// Nobody is asked who they are: everyone is an admin of tenant `default`.
    is_open: bool,
    known: Credentials,
    tickets: Tickets,
    /// Whose tokens are taken.
    issuer: Option<Issuer>,
    passwords: Passwords,
    delays: Delays,
    access_ttl: Duration,
    session_ttl: Duration,
    /// Told whenever answers given before may be wrong.
    changes: watch::Sender<u64>,
}

impl Authority {
    /// Errors when the keys of tokens cannot be had.
    pub fn new(
        store: AuthStore,
        denials: Denials,
        outbound: Outbound,
        config: &AuthConfig,
    ) -> Result<Self, OpenIssuer> {
        Ok(Self(Arc::new(Inner {
            store,
            denials,
            issuer: Issuer::open(&config.jwt, outbound)?,
            is_open: config.insecure_loopback,
            passwords: Passwords::default(),
            delays: Delays::default(),
            access_ttl: config.access_token_ttl,
            session_ttl: config.session_ttl,
            known: Credentials::default(),
            tickets: Tickets::default(),
            changes: watch::Sender::new(0),
        })))
    }

    /// Keeps up with what other processes change, and with when keys are used.
    pub fn keep_up(&self, universe: &Universe) {
        let (watching, writing) = (self.clone(), self.clone());
        universe.spawn(Home::Core, async move { watching.follow_changes().await });
        universe.spawn(Home::Core, async move {
            loop {
                tokio::time::sleep(WRITE_USE_EVERY).await;
                writing.write_use().await;
            }
        });
    }

    pub fn store(&self) -> &AuthStore {
        &self.0.store
    }

    pub fn passwords(&self) -> &Passwords {
        &self.0.passwords
    }

    pub(super) fn delays(&self) -> &Delays {
        &self.0.delays
    }

    pub(super) fn access_ttl(&self) -> Duration {
        self.0.access_ttl
    }

    pub(super) fn session_ttl(&self) -> Duration {
        self.0.session_ttl
    }

    /// Nobody is asked who they are.
    pub fn is_open(&self) -> bool {
        self.0.is_open
    }

    /// Who sends `Authorization: Bearer <token>`.
    pub async fn bearer(&self, token: &str) -> Result<Principal, Unknown> {
        if SecretKind::ApiKey.fits(token) {
            self.key(SecretHash::of(token)).await
        } else if let Some(issuer) = self.0.issuer.as_ref().filter(|_| token.contains('.')) {
            self.token(issuer, token).await
        } else {
            Err(Unknown::Scheme)
        }
    }

    /// Whose login an access token of a cookie belongs to.
    pub async fn session(&self, access: &str) -> Result<Principal, Unknown> {
        if !SecretKind::Access.fits(access) {
            return Err(Unknown::Session);
        }
        let (hash, now) = (SecretHash::of(access), Timestamp::now());
        if let Some(verified) = self.0.known.find(&hash, now) {
            return Ok(verified.principal.clone());
        }
        let generation = self.0.known.generation();
        let found = self.0.store.session_by_access(hash, now).await?;
        let found = found.ok_or(Unknown::Session)?;
        let principal = self.of_session(&found.session, found.until).await?;
        let kept = self.0.known.keep(hash, principal, generation, now);
        Ok(kept.principal.clone())
    }

    /// The user of a session.
    pub(super) async fn of_session(
        &self,
        session: &SessionRow,
        until: Timestamp,
    ) -> Result<Principal, Unknown> {
        let user = self.0.store.user(&session.tenant, &session.user).await?;
        let user = user.filter(|user| user.enabled).ok_or(Unknown::Session)?;
        let permissions = self.permissions(&user.tenant, &user.role).await?;
        Ok(Principal {
            name: format!("user:{}", user.name).into(),
            permissions: permissions.unwrap_or_default(),
            roles: Roles::of([user.role]),
            tenant: user.tenant,
            credential: Credential::Session(session.id),
            until: Some(until),
        })
    }

    /// Whose ticket for a stream it is, if they may still do what they could when they got it.
    pub async fn ticket(&self, ticket: &str) -> Result<Principal, Unknown> {
        let redeemed = self.0.tickets.redeem(ticket, Timestamp::now());
        let principal = redeemed.ok_or(Unknown::Ticket)?;
        let current = self.current(&principal).await?;
        current.ok_or(Unknown::Ticket)
    }

    /// A ticket for one stream.
    pub fn issue_ticket(&self, principal: &Principal) -> Result<Secret, NoTicket> {
        self.0.tickets.issue(principal, Timestamp::now())
    }

    /// What an open stream is told of its caller.
    pub fn standing(&self, principal: &Principal) -> Standing {
        let mut principal = principal.clone();
        if let Credential::Session(_) = principal.credential {
            // That of the access token; the session's own is read.
            principal.until = None;
        }
        Standing::new(self.clone(), principal, self.0.changes.subscribe())
    }

    /// The principal as it is at this moment; None when its credential is no longer good.
    pub async fn current(&self, principal: &Principal) -> Result<Option<Principal>, JournalError> {
        let now = Timestamp::now();
        if !principal.is_within_time(now) {
            return Ok(None);
        }
        let current: Result<Principal, Unknown> = match principal.credential {
            Credential::None => Ok(principal.clone()),
            Credential::Token => Ok(Principal {
                permissions: self.of_roles(&principal.tenant, &principal.roles).await?,
                ..principal.clone()
            }),
            Credential::Key(_, hash) => self.key(hash).await,
            // Whatever has become of its access token: a stream outlives many.
            Credential::Session(id) => match self.0.store.session(id, now).await? {
                Some(session) => self.of_session(&session, session.expires_at).await,
                None => Err(Unknown::Session),
            },
        };
        match current {
            Ok(current) => Ok(Some(current)),
            Err(Unknown::Store(error)) => Err(error),
            Err(_) => Ok(None),
        }
    }

    /// What this process has just changed holds from here on.
    pub fn changed(&self) {
        self.0.known.forget();
        self.0.changes.send_modify(|changes| *changes += 1);
    }

    /// A session has other tokens from here on.
    pub(super) fn refreshed(&self, session: SessionId) {
        self.0.known.forget_session(session);
    }

    /// What a role of a tenant permits; None when there is no such role.
    pub async fn permissions(
        &self,
        tenant: &Tenant,
        role: &str,
    ) -> Result<Option<Permissions>, JournalError> {
        let permissions = match role::built_in(role) {
            Some(permissions) => Some(permissions),
            None if !role::is_name(role) => None,
            None => {
                let found = self.0.store.role(tenant, role).await?;
                found.map(|role| role.permissions)
            }
        };
        Ok(permissions.map(|permissions| role::within(tenant, permissions)))
    }

    /// Tells the audit log what somebody was refused.
    pub fn refused(&self, entry: AuditEntry) {
        self.0.denials.note(entry);
    }

    async fn key(&self, hash: SecretHash) -> Result<Principal, Unknown> {
        let now = Timestamp::now();
        if let Some(verified) = self.0.known.find(&hash, now) {
            return Ok(verified.principal.clone());
        }
        let generation = self.0.known.generation();
        let found = self.0.store.key_by_secret(hash, now).await?;
        let found = found.ok_or(Unknown::Key)?;
        let key = found.key;
        let permissions = self.permissions(&key.tenant, &key.role).await?;
        let principal = Principal {
            name: format!("key:{}", key.id).into(),
            // A role that is gone permits nothing.
            permissions: permissions.unwrap_or_default(),
            roles: Roles::of([key.role]),
            tenant: key.tenant,
            credential: Credential::Key(key.id, hash),
            until: found.until,
        };
        let kept = self.0.known.keep(hash, principal, generation, now);
        Ok(kept.principal.clone())
    }

    async fn token(&self, issuer: &Issuer, token: &str) -> Result<Principal, Unknown> {
        let (hash, now) = (SecretHash::of(token), Timestamp::now());
        if let Some(verified) = self.0.known.find(&hash, now) {
            return Ok(verified.principal.clone());
        }
        let generation = self.0.known.generation();
        let read = issuer.read(token).await.map_err(Unknown::Token)?;
        let roles = Roles::of(read.roles);
        let principal = Principal {
            name: format!("jwt:{}", read.subject).into(),
            permissions: self.of_roles(&read.tenant, &roles).await?,
            roles,
            tenant: read.tenant,
            credential: Credential::Token,
            until: Some(read.until),
        };
        let kept = self.0.known.keep(hash, principal, generation, now);
        Ok(kept.principal.clone())
    }

    /// What several roles permit together; one that is not there permits nothing.
    async fn of_roles(&self, tenant: &Tenant, roles: &Roles) -> Result<Permissions, JournalError> {
        let mut all = Permissions::default();
        for role in roles.iter() {
            all = all.and(self.permissions(tenant, role).await?.unwrap_or_default());
        }
        Ok(all)
    }

    async fn follow_changes(&self) {
        let mut seen = None;
        loop {
            match self.0.store.version().await {
                Ok(version) => {
                    // The first time as well: answers may have been given before.
                    if seen != Some(version) {
                        self.changed();
                    }
                    seen = Some(version);
                }
                Err(error) => {
                    tracing::warn!(error = %error, "cannot tell whether access has changed");
                }
            }
            tokio::time::sleep(POLL_EVERY).await;
        }
    }

    async fn write_use(&self) {
        let used = self.0.known.take_used();
        if let Err(error) = self.0.store.note_use(&used).await {
            tracing::warn!(error = %error, "the use of keys was not noted");
        }
    }
}
