//! Roles that tenants define.

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QueryOrder, sea_query::OnConflict,
};

use super::AuthStore;
use crate::{
    auth::Permissions,
    store::{
        commit::failed,
        entity::{
            api_key,
            role::{self, Column},
            user,
        },
    },
};

/// A role that a tenant has defined.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RoleRow {
    pub name: String,
    pub permissions: Permissions,
}

/// What came of removing a role.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Removal {
    Removed,
    /// A key that is not revoked, or a user, has it.
    InUse,
    Missing,
}

impl RoleRow {
    fn of(model: role::Model) -> Self {
        Self {
            permissions: Permissions::read(&model.permissions),
            name: model.name,
        }
    }
}

impl AuthStore {
    pub async fn role(&self, tenant: &Tenant, name: &str) -> Result<Option<RoleRow>, JournalError> {
        let primary_key = (tenant.as_str().to_owned(), name.to_owned());
        let found = role::Entity::find_by_id(primary_key)
            .one(&self.readers)
            .await
            .map_err(failed("read a role"))?;
        Ok(found.map(RoleRow::of))
    }

    /// The roles of a tenant by name. Their number is bounded where they are made.
    pub async fn roles(&self, tenant: &Tenant) -> Result<Vec<RoleRow>, JournalError> {
        let found = role::Entity::find()
            .filter(Column::Tenant.eq(tenant.as_str()))
            .order_by_asc(Column::Name)
            .all(&self.readers)
            .await
            .map_err(failed("list roles"))?;
        Ok(found.into_iter().map(RoleRow::of).collect())
    }

    /// Defines a role, or changes what it permits.
    pub async fn put_role(
        &self,
        tenant: &Tenant,
        role: &RoleRow,
        at: Timestamp,
        entry: AuditEntry,
    ) -> Result<(), JournalError> {
        let row = role::ActiveModel {
            tenant: Set(tenant.as_str().to_owned()),
            name: Set(role.name.clone()),
            permissions: Set(role.permissions.to_string()),
            changed_at: Set(at.millis()),
        };
        let known = OnConflict::columns([Column::Tenant, Column::Name])
            .update_columns([Column::Permissions, Column::ChangedAt])
            .to_owned();
        self.change("define a role", Some(entry), async |txn| {
            role::Entity::insert(row)
                .on_conflict(known)
                .exec_without_returning(txn)
                .await
                .map(Some)
        })
        .await
        .map(drop)
    }

    pub async fn remove_role(
        &self,
        tenant: &Tenant,
        name: &str,
        entry: AuditEntry,
    ) -> Result<Removal, JournalError> {
        let mut is_used = false;
        let removed = self.change("remove a role", Some(entry), async |txn| {
            is_used = in_use(txn, tenant, name).await?;
            if is_used {
                return Ok(None);
            }
            let primary_key = (tenant.as_str().to_owned(), name.to_owned());
            let deleted = role::Entity::delete_by_id(primary_key).exec(txn).await?;
            Ok((deleted.rows_affected > 0).then_some(()))
        });
        Ok(match removed.await? {
            Some(()) => Removal::Removed,
            None if is_used => Removal::InUse,
            None => Removal::Missing,
        })
    }
}

async fn in_use(txn: &DatabaseTransaction, tenant: &Tenant, name: &str) -> Result<bool, DbErr> {
    let key = api_key::Entity::find()
        .filter(api_key::Column::Tenant.eq(tenant.as_str()))
        .filter(api_key::Column::Role.eq(name))
        .filter(api_key::Column::RevokedAt.is_null())
        .one(txn)
        .await?;
    let user = user::Entity::find()
        .filter(user::Column::Tenant.eq(tenant.as_str()))
        .filter(user::Column::Role.eq(name))
        .one(txn)
        .await?;
    Ok(key.is_some() || user.is_some())
}
