//! Sessions: begun with a password, kept going by a refresh token that changes each time, ended by logging out, by their
//! age, by a new password, or by a refresh token that comes twice.

use std::time::Duration;

use callboard_orchestra::{AuditEntry, Author, Tenant, Timestamp, journal::JournalError};
use serde_json::{Map, json};

use super::{
    authority::Authority,
    delays::Guesser,
    id::SessionId,
    password::{Busy, PASSWORD_BYTES},
    principal::{Principal, Unknown},
    role,
    secret::{Secret, SecretKind},
};
use crate::{
    limits::counted_as,
    store::{Refresh, SessionRow, Tokens},
};

/// What a client is given of a session.
pub struct Login {
    pub principal: Principal,
    pub access: Secret,
    pub access_ttl: Duration,
    pub refresh: Secret,
    /// What is left of the session at most.
    pub session_ttl: Duration,
}

/// Why there is no session.
#[derive(Debug, thiserror::Error)]
pub enum NoLogin {
    #[error("the name or the password is wrong")]
    Wrong,
    #[error("after so many wrong passwords the next is looked at later")]
    Delayed(Duration),
    #[error(transparent)]
    Busy(#[from] Busy),
    #[error("the login is over")]
    Over,
    #[error(transparent)]
    Store(#[from] JournalError),
}

impl Authority {
    pub async fn login(
        &self,
        tenant: &Tenant,
        name: &str,
        password: String,
        author: &Author,
    ) -> Result<Login, NoLogin> {
        // What is no name is nobody's, and is not remembered.
        if !role::is_name(tenant.as_str())
            || !role::is_name(name)
            || password.len() > *PASSWORD_BYTES.end()
        {
            return Err(NoLogin::Wrong);
        }
        let now = Timestamp::now();
        let guesser = guesser(tenant, name, author);
        let user = self.store().user(tenant, name).await?;
        let hash = user.as_ref().map(|user| user.password.clone());
        let is_right = self.guess(&guesser, password, hash, now).await?;
        let user = user.filter(|user| is_right && user.enabled);
        let entry = |action, by: Author, session: Option<SessionId>| AuditEntry {
            tenant: tenant.clone(),
            at: now,
            author: by,
            action,
            subject: Some(format!("user:{name}")),
            details: Map::from_iter([("session".to_owned(), json!(session))]),
        };
        let wrong = || {
            self.refused(entry("login.failed", author.clone(), None));
            NoLogin::Wrong
        };
        let user = user.ok_or_else(wrong)?;
        let session = SessionRow {
            id: SessionId::mint(),
            tenant: tenant.clone(),
            user: user.name.clone(),
            created_at: now,
            expires_at: now.plus(self.session_ttl()),
        };
        let (access, refresh, tokens) = self.mint(now);
        let by = Author {
            principal: format!("user:{name}").into(),
            ..author.clone()
        };
        let entry = entry("login.succeeded", by, Some(session.id));
        let store = self.store();
        let begun = store.begin_session(&session, &user.password, tokens, entry);
        if !begun.await? {
            return Err(wrong());
        }
        self.delays().succeeded(&guesser);
        self.logged_in(&session, access, refresh, now).await
    }

    /// New tokens for a refresh token. One that was used before ends the session, for two hold it then.
    pub async fn refresh(&self, token: &str, author: &Author) -> Result<Login, NoLogin> {
        if !SecretKind::Refresh.fits(token) {
            return Err(NoLogin::Over);
        }
        let now = Timestamp::now();
        let (access, refresh, tokens) = self.mint(now);
        let hash = super::SecretHash::of(token);
        let tell = |refresh: &Refresh| {
            let (session, action) = match refresh {
                Refresh::Refreshed(session) => (session, "session.refreshed"),
                Refresh::Reused(session) => (session, "session.reused"),
                Refresh::Unknown => return None,
            };
            let user = format!("user:{}", session.user);
            // Whoever sends a token for the second time may be either of two.
            let by = match refresh {
                Refresh::Refreshed(_) => user.as_str().into(),
                Refresh::Reused(_) | Refresh::Unknown => author.principal.clone(),
            };
            Some(AuditEntry {
                tenant: session.tenant.clone(),
                at: now,
                author: Author {
                    principal: by,
                    ..author.clone()
                },
                action,
                subject: Some(user),
                details: Map::from_iter([("session".to_owned(), json!(session.id))]),
            })
        };
        let refreshed = self.store().refresh_session(hash, tokens, now, tell);
        match refreshed.await? {
            Refresh::Refreshed(session) => {
                self.refreshed(session.id);
                self.logged_in(&session, access, refresh, now).await
            }
            Refresh::Reused(_) => {
                self.changed();
                Err(NoLogin::Over)
            }
            Refresh::Unknown => Err(NoLogin::Over),
        }
    }

    /// Changes the password of the user of a session, whose other sessions end. A wrong `old` counts as in `login`.
    pub async fn change_password(
        &self,
        session: SessionId,
        old: String,
        new: String,
        entry: AuditEntry,
    ) -> Result<(), NoLogin> {
        let now = Timestamp::now();
        let session = self.store().session(session, now).await?;
        let session = session.ok_or(NoLogin::Over)?;
        let (tenant, name) = (&session.tenant, session.user.as_str());
        let guesser = guesser(tenant, name, &entry.author);
        let wrong = || {
            self.refused(AuditEntry {
                action: "user.password_refused",
                ..entry.clone()
            });
            NoLogin::Wrong
        };
        let user = self.store().user(tenant, name).await?;
        let hash = user.ok_or(NoLogin::Over)?.password;
        if old.len() > *PASSWORD_BYTES.end()
            || !self.guess(&guesser, old, Some(hash.clone()), now).await?
        {
            return Err(wrong());
        }
        let new = self.passwords().hash(new).await?;
        let changed = self
            .store()
            .change_password(&session, &hash, &new, entry.clone());
        if !changed.await? {
            return Err(wrong());
        }
        self.delays().succeeded(&guesser);
        self.changed();
        Ok(())
    }

    /// Whether it is the password of `hash`, unless it is too early to say. Counts as wrong until `Delays::succeeded`, but
    /// not when nobody has looked at it.
    async fn guess(
        &self,
        guesser: &Guesser,
        password: String,
        hash: Option<String>,
        now: Timestamp,
    ) -> Result<bool, NoLogin> {
        let attempt = self.delays().attempt(guesser, now);
        attempt.map_err(NoLogin::Delayed)?;
        let checked = self.passwords().is_right(password, hash).await;
        checked.map_err(|busy| {
            self.delays().withdrawn(guesser);
            NoLogin::Busy(busy)
        })
    }

    /// Ends a session.
    pub async fn logout(&self, session: SessionId, entry: AuditEntry) -> Result<(), JournalError> {
        if self.store().end_session(session, entry).await? {
            self.changed();
        }
        Ok(())
    }

    async fn logged_in(
        &self,
        session: &SessionRow,
        access: Secret,
        refresh: Secret,
        now: Timestamp,
    ) -> Result<Login, NoLogin> {
        let principal = self.of_session(session, session.expires_at).await;
        let principal = principal.map_err(|unknown| match unknown {
            Unknown::Store(error) => NoLogin::Store(error),
            _ => NoLogin::Over,
        })?;
        Ok(Login {
            principal,
            access,
            access_ttl: self.access_ttl(),
            refresh,
            session_ttl: session.expires_at.since(now),
        })
    }

    fn mint(&self, now: Timestamp) -> (Secret, Secret, Tokens) {
        let (access, refresh) = (
            Secret::mint(SecretKind::Access),
            Secret::mint(SecretKind::Refresh),
        );
        let tokens = Tokens {
            access: access.hash(),
            access_expires_at: now.plus(self.access_ttl()),
            refresh: refresh.hash(),
        };
        (access, refresh, tokens)
    }
}

fn guesser(tenant: &Tenant, name: &str, author: &Author) -> Guesser {
    Guesser {
        tenant: tenant.clone(),
        name: name.to_owned(),
        address: author.address.map(counted_as),
    }
}
