//! Users: people who log in with a password.

use callboard_orchestra::{AuditEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, QueryFilter,
    QueryOrder, QuerySelect, Select, sea_query::Expr,
};

use super::{AuthStore, SessionRow, change::for_both, sessions::end_sessions};
use crate::{
    auth::{UserId, role},
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
    /// Who is not cannot log in.
    pub enabled: bool,
    pub created_at: Timestamp,
    /// The principal who made the user.
    pub created_by: String,
}

/// What came of changing or removing a user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UserChange {
    /// The user as it is from here on, or was last.
    Done(UserRow),
    /// There was nothing to change.
    Unchanged,
    /// The tenant would have no enabled user with the role admin, and has one.
    LastAdministrator,
    Missing,
}

impl UserRow {
    fn is_administrator(&self) -> bool {
        self.enabled && self.role == role::ADMIN
    }

    fn of(model: user::Model) -> Self {
        Self {
            id: UserId::from_uuid(model.id),
            tenant: Tenant::new(model.tenant),
            name: model.name,
            role: model.role,
            password: model.password,
            enabled: model.enabled,
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
            enabled: Set(user.enabled),
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

    pub async fn user_by_id(
        &self,
        tenant: &Tenant,
        id: UserId,
    ) -> Result<Option<UserRow>, JournalError> {
        let found = of_id(tenant, id).one(&self.readers).await;
        let found = found.map_err(failed("read a user"))?;
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
            end_sessions(txn, tenant, name, None).await.map(Some)
        });
        Ok(set.await?.is_some())
    }

    /// Sets `new` in the place of `old`, both as hashes, and ends the user's sessions but that one. Answers false when `old`
    /// is not the user's password.
    pub async fn change_password(
        &self,
        session: &SessionRow,
        old: &str,
        new: &str,
        entry: AuditEntry,
    ) -> Result<bool, JournalError> {
        let (tenant, name) = (&session.tenant, session.user.as_str());
        let changed = self.change("change a password", Some(entry), async |txn| {
            let updated = user::Entity::update_many()
                .col_expr(Column::Password, Expr::value(new))
                .filter(Column::Tenant.eq(tenant.as_str()))
                .filter(Column::Name.eq(name))
                .filter(Column::Password.eq(old))
                .exec(txn)
                .await?;
            if updated.rows_affected == 0 {
                return Ok(None);
            }
            let kept = Some(session.id);
            end_sessions(txn, tenant, name, kept).await.map(Some)
        });
        Ok(changed.await?.is_some())
    }

    /// Gives a user another role, disables or enables it. Ends the sessions of one that is disabled.
    pub async fn change_user(
        &self,
        user: &UserRow,
        role: Option<String>,
        enabled: Option<bool>,
        entry: AuditEntry,
    ) -> Result<UserChange, JournalError> {
        let mut came = UserChange::Missing;
        let changed = self.change("change a user", Some(entry), async |txn| {
            let Some(before) = of_id(&user.tenant, user.id).one(txn).await? else {
                return Ok(None);
            };
            let before = UserRow::of(before);
            let after = UserRow {
                role: role.unwrap_or_else(|| before.role.clone()),
                enabled: enabled.unwrap_or(before.enabled),
                ..before.clone()
            };
            if after == before {
                came = UserChange::Unchanged;
                return Ok(None);
            }
            if !after.is_administrator() && is_last_administrator(txn, &before).await? {
                came = UserChange::LastAdministrator;
                return Ok(None);
            }
            user::Entity::update_many()
                .col_expr(Column::Role, Expr::value(after.role.as_str()))
                .col_expr(Column::Enabled, Expr::value(after.enabled))
                .filter(Column::Id.eq(after.id.uuid()))
                .exec(txn)
                .await?;
            if !after.enabled {
                end_sessions(txn, &after.tenant, &after.name, None).await?;
            }
            Ok(Some(after))
        });
        let changed = changed.await?;
        Ok(changed.map_or(came, UserChange::Done))
    }

    /// Removes a user and ends its sessions.
    pub async fn remove_user(
        &self,
        user: &UserRow,
        entry: AuditEntry,
    ) -> Result<UserChange, JournalError> {
        let mut came = UserChange::Missing;
        let removed = self.change("remove a user", Some(entry), async |txn| {
            let Some(last) = of_id(&user.tenant, user.id).one(txn).await? else {
                return Ok(None);
            };
            let last = UserRow::of(last);
            if is_last_administrator(txn, &last).await? {
                came = UserChange::LastAdministrator;
                return Ok(None);
            }
            let primary_key = UserRow::primary_key(&last.tenant, &last.name);
            user::Entity::delete_by_id(primary_key).exec(txn).await?;
            end_sessions(txn, &last.tenant, &last.name, None).await?;
            Ok(Some(last))
        });
        let removed = removed.await?;
        Ok(removed.map_or(came, UserChange::Done))
    }
}

fn of_id(tenant: &Tenant, id: UserId) -> Select<user::Entity> {
    user::Entity::find()
        .filter(Column::Tenant.eq(tenant.as_str()))
        .filter(Column::Id.eq(id.uuid()))
}

/// Whether a user is the tenant's one enabled user with the role admin.
async fn is_last_administrator(txn: &DatabaseTransaction, user: &UserRow) -> Result<bool, DbErr> {
    if !user.is_administrator() {
        return Ok(false);
    }
    let other = user::Entity::find()
        .filter(Column::Tenant.eq(user.tenant.as_str()))
        .filter(Column::Role.eq(role::ADMIN))
        .filter(Column::Enabled.eq(true))
        .filter(Column::Id.ne(user.id.uuid()))
        .one(txn)
        .await?;
    Ok(other.is_none())
}
