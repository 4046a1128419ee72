//! How who may do what is changed.

use std::sync::Arc;

use callboard_orchestra::{AuditEntry, Tenant, journal::JournalError};
use sea_orm::{
    ActiveValue::Set,
    DatabaseConnection, DatabaseTransaction, DbErr, EntityTrait, ExprTrait,
    sea_query::{Expr, OnConflict},
};

use crate::store::{
    audit::append,
    commit::{begin, end, failed},
    entity::auth_change,
    writer::{Lease, Writer},
};

/// The one row of the table.
const ONLY_ROW: i64 = 1;

/// The keys, users, sessions and roles of an open store. Clones share it.
#[derive(Clone)]
pub struct AuthStore {
    pub(super) writer: Arc<Writer>,
    pub(super) readers: DatabaseConnection,
    pub(super) epoch: u64,
}

impl AuthStore {
    pub(in crate::store) fn new(
        writer: Arc<Writer>,
        readers: DatabaseConnection,
        epoch: u64,
    ) -> Self {
        Self {
            writer,
            readers,
            epoch,
        }
    }

    /// How often it has changed who may do what.
    pub async fn version(&self) -> Result<u64, JournalError> {
        let row = auth_change::Entity::find_by_id(ONLY_ROW)
            .one(&self.readers)
            .await;
        let row = row.map_err(failed("read the version of access"))?;
        Ok(row.map_or(0, |row| row.version.unsigned_abs()))
    }

    /// Does `work` in a transaction, with `entries` for the audit log, and counts the version up. When the work answers None
    /// it found nothing to do, and nothing is written.
    pub(super) async fn change<T>(
        &self,
        operation: &'static str,
        entries: impl IntoIterator<Item = AuditEntry>,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<Option<T>, DbErr>,
    ) -> Result<Option<T>, JournalError> {
        self.change_and_tell(operation, async |txn| {
            Ok(work(txn).await?.map(|done| (done, entries)))
        })
        .await
    }

    /// The same for work that says itself what the audit log is to be told.
    pub(super) async fn change_and_tell<T, E: IntoIterator<Item = AuditEntry>>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<Option<(T, E)>, DbErr>,
    ) -> Result<Option<T>, JournalError> {
        let counted = async |txn: &DatabaseTransaction| {
            let done = work(txn).await?;
            if done.is_some() {
                count(txn).await?;
            }
            Ok(done)
        };
        self.write(operation, counted).await
    }

    /// The same for what makes no answer wrong that was given before: something new.
    pub(super) async fn add<T>(
        &self,
        operation: &'static str,
        entries: impl IntoIterator<Item = AuditEntry>,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<Option<T>, DbErr>,
    ) -> Result<Option<T>, JournalError> {
        let told =
            async |txn: &DatabaseTransaction| Ok(work(txn).await?.map(|done| (done, entries)));
        self.write(operation, told).await
    }

    /// Does `work` in a transaction, which says itself what the audit log is to be told.
    pub(super) async fn write<T, E: IntoIterator<Item = AuditEntry>>(
        &self,
        operation: &'static str,
        work: impl AsyncFnOnce(&DatabaseTransaction) -> Result<Option<(T, E)>, DbErr>,
    ) -> Result<Option<T>, JournalError> {
        let mut lease = self.writer.lease().await?;
        let txn = begin(&lease, self.epoch).await?;
        let Some((done, entries)) = work(&txn).await.map_err(failed(operation))? else {
            leave(txn, lease, operation).await?;
            return Ok(None);
        };
        let entries: Vec<AuditEntry> = entries.into_iter().collect();
        append(&txn, &mut lease, &entries).await?;
        end(txn, lease, operation).await?;
        Ok(Some(done))
    }
}

/// An entry for the tenant of whoever did it, and for `tenant` where that is another one.
pub(super) fn for_both(entry: AuditEntry, tenant: &Tenant) -> Vec<AuditEntry> {
    let theirs = (entry.tenant != *tenant).then(|| AuditEntry {
        tenant: tenant.clone(),
        ..entry.clone()
    });
    std::iter::once(entry).chain(theirs).collect()
}

async fn leave(
    txn: DatabaseTransaction,
    lease: Lease<'_>,
    operation: &'static str,
) -> Result<(), JournalError> {
    txn.rollback().await.map_err(failed::<DbErr>(operation))?;
    lease.put_back();
    Ok(())
}

/// Counts the version up.
pub(super) async fn count(txn: &DatabaseTransaction) -> Result<(), DbErr> {
    use auth_change::Column;
    let first = auth_change::ActiveModel {
        id: Set(ONLY_ROW),
        version: Set(1),
    };
    let next = Expr::col((auth_change::Entity, Column::Version)).add(1);
    auth_change::Entity::insert(first)
        .on_conflict(
            OnConflict::column(Column::Id)
                .value(Column::Version, next)
                .to_owned(),
        )
        .exec_without_returning(txn)
        .await
        .map(drop)
}
