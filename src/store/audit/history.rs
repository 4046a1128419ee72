//! The published history of the keys that sign checkpoints.

use callboard_orchestra::{Timestamp, journal::JournalError};
use sea_orm::{ActiveValue::Set, DatabaseConnection, EntityTrait, QueryOrder};

use super::AuditLog;
use crate::{
    audit::{PublishedKey, SigningKey, canonical},
    store::{
        commit::{begin, end, failed},
        entity::audit_key,
        rows::int,
    },
};

const INTRODUCE: &str = "introduce a key of the audit log";

/// Adds a key in the name of `by`, unless it is known.
pub async fn introduce(
    log: &AuditLog,
    key: &SigningKey,
    by: &SigningKey,
) -> Result<(), JournalError> {
    let known = published(&log.readers).await?;
    if known.iter().any(|known| known.key.id == key.id()) {
        return Ok(());
    }
    if !known.is_empty() && key.id() == by.id() {
        tracing::warn!(
            key.id = key.id(),
            "the key of the audit log is new, and no key before has introduced it"
        );
    }
    let announced = key.announced(by, Timestamp::now());
    let lease = log.writer.lease().await?;
    let txn = begin(&lease, log.epoch).await?;
    let row = audit_key::ActiveModel {
        id: Set(key.id().to_owned()),
        place: Set(int(known.len() as u64 + 1)),
        body: Set(canonical(&announced.key)),
        signature: Set(announced.signature),
    };
    let inserted = audit_key::Entity::insert(row).exec_without_returning(&txn);
    inserted.await.map_err(failed(INTRODUCE))?;
    end(txn, lease, INTRODUCE).await
}

/// Every key, oldest first.
pub async fn published(readers: &DatabaseConnection) -> Result<Vec<PublishedKey>, JournalError> {
    const READ: &str = "read the keys of the audit log";
    let rows = audit_key::Entity::find()
        .order_by_asc(audit_key::Column::Place)
        .all(readers)
        .await
        .map_err(failed(READ))?;
    let read = rows.into_iter().map(|row| {
        Ok(PublishedKey {
            key: serde_json::from_str(&row.body).map_err(failed(READ))?,
            signature: row.signature,
        })
    });
    read.collect()
}
