//! Sessions of users, and the tokens that keep them going.

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QuerySelect, QueryTrait, sea_query::Expr,
};
use uuid::Uuid;

use super::{AuthStore, change::count};
use crate::{
    auth::{SecretHash, SessionId},
    store::{
        commit::failed,
        entity::{
            refresh_token,
            session::{self, Column},
            user,
        },
    },
};

/// Sessions that are over and are removed with one login.
const SWEPT_MAX: u64 = 100;

/// A session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionRow {
    pub id: SessionId,
    pub tenant: Tenant,
    pub user: String,
    pub created_at: Timestamp,
    /// When it ends however often it is refreshed.
    pub expires_at: Timestamp,
}

/// What a client holds of a session, as hashes.
#[derive(Debug, Clone, Copy)]
pub struct Tokens {
    pub access: SecretHash,
    pub access_expires_at: Timestamp,
    pub refresh: SecretHash,
}

/// A session as it was found by its access token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownSession {
    pub session: SessionRow,
    /// When the access token ends.
    pub until: Timestamp,
}

/// What came of refreshing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refresh {
    Refreshed(SessionRow),
    /// The token was used before: whoever else has it is logged out with the one who came now.
    Reused(SessionRow),
    Unknown,
}

impl SessionRow {
    fn of(model: session::Model) -> Self {
        Self {
            id: SessionId::from_uuid(model.id),
            tenant: Tenant::new(model.tenant),
            user: model.user_name,
            created_at: Timestamp::from_millis(model.created_at),
            expires_at: Timestamp::from_millis(model.expires_at),
        }
    }
}

impl AuthStore {
    /// Begins a session, and removes some that are over. Answers false when the user is not there, is not enabled, or has
    /// another password than the one of the hash `password`, which was checked a while ago.
    pub async fn begin_session(
        &self,
        session: &SessionRow,
        password: &str,
        tokens: Tokens,
        entry: AuditEntry,
    ) -> Result<bool, JournalError> {
        let row = session::ActiveModel {
            id: Set(session.id.uuid()),
            tenant: Set(session.tenant.as_str().to_owned()),
            user_name: Set(session.user.clone()),
            access_sha256: Set(tokens.access.hex()),
            access_expires_at: Set(tokens.access_expires_at.millis()),
            created_at: Set(session.created_at.millis()),
            expires_at: Set(session.expires_at.millis()),
        };
        let begun = self.add("begin a session", Some(entry), async |txn| {
            let primary_key = (session.tenant.as_str().to_owned(), session.user.clone());
            let user = user::Entity::find_by_id(primary_key).one(txn).await?;
            if user.is_none_or(|user| !user.enabled || user.password != password) {
                return Ok(None);
            }
            let over: Vec<Uuid> = session::Entity::find()
                .select_only()
                .column(Column::Id)
                .filter(Column::ExpiresAt.lte(session.created_at.millis()))
                .limit(SWEPT_MAX)
                .into_tuple()
                .all(txn)
                .await?;
            remove(txn, over).await?;
            session::Entity::insert(row)
                .exec_without_returning(txn)
                .await?;
            add_refresh(txn, session.id, tokens.refresh).await.map(Some)
        });
        Ok(begun.await?.is_some())
    }

    /// The session that an access token is of, while it is good.
    pub async fn session_by_access(
        &self,
        access: SecretHash,
        now: Timestamp,
    ) -> Result<Option<KnownSession>, JournalError> {
        let found = session::Entity::find()
            .filter(Column::AccessSha256.eq(access.hex()))
            .filter(Column::AccessExpiresAt.gt(now.millis()))
            .filter(Column::ExpiresAt.gt(now.millis()))
            .one(&self.readers)
            .await
            .map_err(failed("read a session"))?;
        Ok(found.map(|model| KnownSession {
            until: Timestamp::from_millis(model.access_expires_at.min(model.expires_at)),
            session: SessionRow::of(model),
        }))
    }

    /// A session that is not over.
    pub async fn session(
        &self,
        id: SessionId,
        now: Timestamp,
    ) -> Result<Option<SessionRow>, JournalError> {
        let found = session::Entity::find_by_id(id.uuid())
            .filter(Column::ExpiresAt.gt(now.millis()))
            .one(&self.readers)
            .await
            .map_err(failed("read a session"))?;
        Ok(found.map(SessionRow::of))
    }

    /// Puts new tokens in the place of those that `refresh` belongs to. A refresh token that was used before ends the
    /// session. Either is told to the audit log as `tell` says. One that nobody has is looked for by a reader alone, so that
    /// strangers cannot take up the writer.
    pub async fn refresh_session(
        &self,
        refresh: SecretHash,
        tokens: Tokens,
        now: Timestamp,
        tell: impl FnOnce(&Refresh) -> Option<AuditEntry>,
    ) -> Result<Refresh, JournalError> {
        let known = refresh_token::Entity::find_by_id(refresh.hex())
            .one(&self.readers)
            .await
            .map_err(failed("read a refresh token"))?;
        if known.is_none() {
            return Ok(Refresh::Unknown);
        }
        let told = |refresh: Refresh| {
            let entry = tell(&refresh);
            Ok(Some((refresh, entry)))
        };
        let refreshed = self.write("refresh a session", async |txn| {
            let token = refresh_token::Entity::find_by_id(refresh.hex())
                .one(txn)
                .await?;
            let Some(token) = token else {
                return Ok(None);
            };
            let session = session::Entity::find_by_id(token.session_id)
                .filter(Column::ExpiresAt.gt(now.millis()))
                .one(txn)
                .await?;
            let Some(session) = session.map(SessionRow::of) else {
                return Ok(None);
            };
            if token.used_at.is_some() {
                remove(txn, vec![token.session_id]).await?;
                count(txn).await?;
                return told(Refresh::Reused(session));
            }
            refresh_token::Entity::update_many()
                .col_expr(
                    refresh_token::Column::UsedAt,
                    Expr::value(Some(now.millis())),
                )
                .filter(refresh_token::Column::Sha256.eq(refresh.hex()))
                .exec(txn)
                .await?;
            session::Entity::update_many()
                .col_expr(Column::AccessSha256, Expr::value(tokens.access.hex()))
                .col_expr(
                    Column::AccessExpiresAt,
                    Expr::value(tokens.access_expires_at.millis()),
                )
                .filter(Column::Id.eq(token.session_id))
                .exec(txn)
                .await?;
            add_refresh(txn, session.id, tokens.refresh).await?;
            told(Refresh::Refreshed(session))
        });
        Ok(refreshed.await?.unwrap_or(Refresh::Unknown))
    }

    /// Ends a session. Answers false when it is over.
    pub async fn end_session(
        &self,
        id: SessionId,
        entry: AuditEntry,
    ) -> Result<bool, JournalError> {
        let ended = self.change("end a session", Some(entry), async |txn| {
            let removed = remove(txn, vec![id.uuid()]).await?;
            Ok((removed > 0).then_some(()))
        });
        Ok(ended.await?.is_some())
    }
}

/// Ends every session of a user but `kept`.
pub(super) async fn end_sessions(
    txn: &DatabaseTransaction,
    tenant: &Tenant,
    user: &str,
    kept: Option<SessionId>,
) -> Result<(), DbErr> {
    let open: Vec<Uuid> = session::Entity::find()
        .select_only()
        .column(Column::Id)
        .filter(Column::Tenant.eq(tenant.as_str()))
        .filter(Column::UserName.eq(user))
        .apply_if(kept, |find, kept| find.filter(Column::Id.ne(kept.uuid())))
        .into_tuple()
        .all(txn)
        .await?;
    remove(txn, open).await.map(drop)
}

async fn add_refresh(
    txn: &DatabaseTransaction,
    session: SessionId,
    refresh: SecretHash,
) -> Result<(), DbErr> {
    let row = refresh_token::ActiveModel {
        sha256: Set(refresh.hex()),
        session_id: Set(session.uuid()),
        used_at: Set(None),
    };
    refresh_token::Entity::insert(row)
        .exec_without_returning(txn)
        .await
        .map(drop)
}

async fn remove(txn: &DatabaseTransaction, sessions: Vec<Uuid>) -> Result<u64, DbErr> {
    if sessions.is_empty() {
        return Ok(0);
    }
    refresh_token::Entity::delete_many()
        .filter(refresh_token::Column::SessionId.is_in(sessions.clone()))
        .exec(txn)
        .await?;
    let removed = session::Entity::delete_many()
        .filter(Column::Id.is_in(sessions))
        .exec(txn)
        .await?;
    Ok(removed.rows_affected)
}
