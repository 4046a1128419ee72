//! Users: people who log in with a password.

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::Expr,
};

use super::{AuthStore, change::for_both, sessions::end_sessions};
use crate::{
    auth::UserId,
    store::{
        commit::failed,
        entity::user::{self, Column},
    },
};

/// A user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UserRow {
    pub id: UserId,
    pub tenant: Tenant,
    pub name: String,
    pub role: String,
    /// An argon2 hash.
    pub password: String,
    pub created_at: Timestamp,
    /// The principal who made the user.
    pub created_by: String,
}

impl UserRow {
    fn of(model: user::Model) -> Self {
        Self {
            id: UserId::from_uuid(model.id),
            tenant: Tenant::new(model.tenant),
            name: model.name,
            role: model.role,
            password: model.password,
            created_at: Timestamp::from_millis(model.created_at),
            created_by: model.created_by,
        }
    }

    fn primary_key(tenant: &Tenant, name: &str) -> (String, String) {
        (tenant.as_str().to_owned(), name.to_owned())
    }
}

impl AuthStore {
    /// Answers false when the tenant has a user of that name.
    pub async fn add_user(&self, user: &UserRow, entry: AuditEntry) -> Result<bool, JournalError> {
        let row = user::ActiveModel {
            tenant: Set(user.tenant.as_str().to_owned()),
            name: Set(user.name.clone()),
            id: Set(user.id.uuid()),
            role: Set(user.role.clone()),
            password: Set(user.password.clone()),
            created_at: Set(user.created_at.millis()),
            created_by: Set(user.created_by.clone()),
        };
        let added = self.add("add a user", for_both(entry, &user.tenant), async |txn| {
            let primary_key = UserRow::primary_key(&user.tenant, &user.name);
            if user::Entity::find_by_id(primary_key)
                .one(txn)
                .await?
                .is_some()
            {
                return Ok(None);
            }
            user::Entity::insert(row)
                .exec_without_returning(txn)
                .await
                .map(Some)
        });
        Ok(added.await?.is_some())
    }

    pub async fn user(&self, tenant: &Tenant, name: &str) -> Result<Option<UserRow>, JournalError> {
        let found = user::Entity::find_by_id(UserRow::primary_key(tenant, name))
            .one(&self.readers)
            .await
            .map_err(failed("read a user"))?;
        Ok(found.map(UserRow::of))
    }

    /// Users of a tenant whose names come after `after`, by name.
    pub async fn users(
        &self,
        tenant: &Tenant,
        after: Option<&str>,
        limit: usize,
    ) -> Result<Vec<UserRow>, JournalError> {
        let mut query = user::Entity::find().filter(Column::Tenant.eq(tenant.as_str()));
        if let Some(after) = after {
            query = query.filter(Column::Name.gt(after));
        }
        let found = query
            .order_by_asc(Column::Name)
            .limit(limit as u64)
            .all(&self.readers)
            .await
            .map_err(failed("list users"))?;
        Ok(found.into_iter().map(UserRow::of).collect())
    }

    /// Sets a password and ends the user's sessions. Answers false when there is no such user.
    pub async fn set_password(
        &self,
        tenant: &Tenant,
        name: &str,
        password: &str,
        entry: AuditEntry,
    ) -> Result<bool, JournalError> {
        let set = self.change("set a password", Some(entry), async |txn| {
            let updated = user::Entity::update_many()
                .col_expr(Column::Password, Expr::value(password))
                .filter(Column::Tenant.eq(tenant.as_str()))
                .filter(Column::Name.eq(name))
                .exec(txn)
                .await?;
            if updated.rows_affected == 0 {
                return Ok(None);
            }
            end_sessions(txn, tenant, name).await.map(Some)
        });
        Ok(set.await?.is_some())
    }
}
