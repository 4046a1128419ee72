//! API keys.

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, DbErr, EntityTrait, QueryFilter, QueryOrder,
    QuerySelect, sea_query::Expr,
};

use super::{AuthStore, change::for_both};
use crate::{
    auth::{KeyId, SecretHash, role},
    store::{
        commit::{begin, end, failed},
        entity::api_key::{self, Column},
    },
};

/// An API key without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeyRow {
    pub id: KeyId,
    pub tenant: Tenant,
    pub name: String,
    pub role: String,
    pub created_at: Timestamp,
    /// The principal who made it.
    pub created_by: String,
    pub expires_at: Option<Timestamp>,
    pub revoked_at: Option<Timestamp>,
    pub last_used_at: Option<Timestamp>,
    /// Until when the secret before the last rotation is good.
    pub previous_expires_at: Option<Timestamp>,
}

/// A key as it was found by a secret of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownKey {
    pub key: KeyRow,
    /// When this secret ends; None for never.
    pub until: Option<Timestamp>,
}

impl KeyRow {
    /// Whether the key is neither revoked nor expired.
    pub fn is_live(&self, now: Timestamp) -> bool {
        self.revoked_at.is_none() && self.expires_at.is_none_or(|end| end > now)
    }

    fn of(model: api_key::Model) -> Self {
        Self {
            id: KeyId::from_uuid(model.id),
            tenant: Tenant::new(model.tenant),
            name: model.name,
            role: model.role,
            created_at: Timestamp::from_millis(model.created_at),
            created_by: model.created_by,
            expires_at: model.expires_at.map(Timestamp::from_millis),
            revoked_at: model.revoked_at.map(Timestamp::from_millis),
            last_used_at: model.last_used_at.map(Timestamp::from_millis),
            previous_expires_at: model.previous_expires_at.map(Timestamp::from_millis),
        }
    }
}

impl AuthStore {
    pub async fn add_key(
        &self,
        key: &KeyRow,
        secret: SecretHash,
        entry: AuditEntry,
    ) -> Result<(), JournalError> {
        let row = api_key::ActiveModel {
            id: Set(key.id.uuid()),
            tenant: Set(key.tenant.as_str().to_owned()),
            name: Set(key.name.clone()),
            role: Set(key.role.clone()),
            sha256: Set(secret.hex()),
            previous_sha256: Set(None),
            previous_expires_at: Set(None),
            created_at: Set(key.created_at.millis()),
            created_by: Set(key.created_by.clone()),
            expires_at: Set(key.expires_at.map(Timestamp::millis)),
            revoked_at: Set(None),
            last_used_at: Set(None),
        };
        self.add("add a key", for_both(entry, &key.tenant), async |txn| {
            api_key::Entity::insert(row)
                .exec_without_returning(txn)
                .await
                .map(Some)
        })
        .await
        .map(drop)
    }

    /// The live key that `secret` is of.
    pub async fn key_by_secret(
        &self,
        secret: SecretHash,
        now: Timestamp,
    ) -> Result<Option<KnownKey>, JournalError> {
        let hex = secret.hex();
        let found = api_key::Entity::find()
            .filter(
                Condition::any()
                    .add(Column::Sha256.eq(&hex))
                    .add(Column::PreviousSha256.eq(&hex)),
            )
            .one(&self.readers)
            .await
            .map_err(failed("read a key"))?;
        Ok(found.and_then(|model| {
            let is_previous = model.sha256 != hex;
            let key = KeyRow::of(model);
            let overlap = key.previous_expires_at.filter(|_| is_previous);
            let until = [key.expires_at, overlap].into_iter().flatten().min();
            let lapsed = is_previous && overlap.is_none_or(|end| end <= now);
            (key.is_live(now) && !lapsed).then_some(KnownKey { key, until })
        }))
    }

    pub async fn key(&self, tenant: &Tenant, id: KeyId) -> Result<Option<KeyRow>, JournalError> {
        let found = api_key::Entity::find_by_id(id.uuid())
            .filter(Column::Tenant.eq(tenant.as_str()))
            .one(&self.readers)
            .await
            .map_err(failed("read a key"))?;
        Ok(found.map(KeyRow::of))
    }

    /// Keys of a tenant made before `before`, newest first.
    pub async fn keys(
        &self,
        tenant: &Tenant,
        before: Option<KeyId>,
        limit: usize,
    ) -> Result<Vec<KeyRow>, JournalError> {
        let mut query = api_key::Entity::find().filter(Column::Tenant.eq(tenant.as_str()));
        if let Some(before) = before {
            query = query.filter(Column::Id.lt(before.uuid()));
        }
        let found = query
            .order_by_desc(Column::Id)
            .limit(limit as u64)
            .all(&self.readers)
            .await
            .map_err(failed("list keys"))?;
        Ok(found.into_iter().map(KeyRow::of).collect())
    }

    /// Whether somebody can administer the server: a live key of role admin in tenant `default`.
    pub async fn has_admin_key(&self, now: Timestamp) -> Result<bool, JournalError> {
        let found = api_key::Entity::find()
            .filter(Column::Tenant.eq(Tenant::default().as_str()))
            .filter(Column::Role.eq(role::ADMIN))
            .filter(Column::RevokedAt.is_null())
            .filter(
                Condition::any()
                    .add(Column::ExpiresAt.is_null())
                    .add(Column::ExpiresAt.gt(now.millis())),
            )
            .one(&self.readers)
            .await
            .map_err(failed("look for a key of an admin"))?;
        Ok(found.is_some())
    }

    /// Gives a live key a new secret; the one before is good until `overlap_end`. Answers false when there is no such key.
    pub async fn rotate_key(
        &self,
        key: &KeyRow,
        secret: SecretHash,
        overlap_end: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool, JournalError> {
        let rotated = self.change("rotate a key", Some(entry), async |txn| {
            let updated = api_key::Entity::update_many()
                .col_expr(Column::PreviousSha256, Expr::col(Column::Sha256))
                .col_expr(Column::PreviousExpiresAt, Expr::value(overlap_end.millis()))
                .col_expr(Column::Sha256, Expr::value(secret.hex()))
                .filter(Column::Id.eq(key.id.uuid()))
                .filter(Column::Tenant.eq(key.tenant.as_str()))
                .filter(Column::RevokedAt.is_null())
                .exec(txn)
                .await?;
            Ok((updated.rows_affected > 0).then_some(()))
        });
        Ok(rotated.await?.is_some())
    }

    /// Ends a key. Answers false when it is not there or is revoked.
    pub async fn revoke_key(
        &self,
        tenant: &Tenant,
        id: KeyId,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<bool, JournalError> {
        let revoked = self.change("revoke a key", for_both(entry, tenant), async |txn| {
            let updated = api_key::Entity::update_many()
                .col_expr(Column::RevokedAt, Expr::value(at.millis()))
                .filter(Column::Id.eq(id.uuid()))
                .filter(Column::Tenant.eq(tenant.as_str()))
                .filter(Column::RevokedAt.is_null())
                .exec(txn)
                .await?;
            Ok((updated.rows_affected > 0).then_some(()))
        });
        Ok(revoked.await?.is_some())
    }

    /// Notes when keys were last used. Says nothing to those who keep answers.
    pub async fn note_use(&self, used: &[(KeyId, Timestamp)]) -> Result<(), JournalError> {
        const OPERATION: &str = "note the use of keys";
        if used.is_empty() {
            return Ok(());
        }
        let lease = self.writer.lease().await?;
        let txn = begin(&lease, self.epoch).await?;
        for (key, at) in used {
            let updated = api_key::Entity::update_many()
                .col_expr(Column::LastUsedAt, Expr::value(at.millis()))
                .filter(Column::Id.eq(key.uuid()))
                .exec(&txn)
                .await;
            updated.map_err(failed::<DbErr>(OPERATION))?;
        }
        end(txn, lease, OPERATION).await
    }
}
