//! Reads of the audit log.

use callboard_orchestra::{KeptEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};

use crate::{
    audit::{Body, DETAILS, Field, PRINCIPAL},
    store::{commit::failed, entity::audit_record, rows::int},
};

/// What the log has of a tenant after `seq`, oldest first.
pub async fn kept_after(
    readers: &DatabaseConnection,
    tenant: &Tenant,
    seq: u64,
    limit: usize,
) -> Result<Vec<KeptEntry>, JournalError> {
    let found = audit_record::Entity::find()
        .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
        .filter(audit_record::Column::Seq.gt(int(seq)))
        .order_by_asc(audit_record::Column::Seq)
        .limit(limit as u64)
        .all(readers)
        .await
        .map_err(failed("read the audit log"))?;
    found.iter().map(kept).collect()
}

/// A row as the entry that it was.
pub fn kept(row: &audit_record::Model) -> Result<KeptEntry, JournalError> {
    let body: Body = serde_json::from_str(&row.body).map_err(failed("read an audit record"))?;
    let principal = body.text(PRINCIPAL).map(str::to_owned);
    let details = body.fields.into_iter().filter_map(|(name, field)| {
        let name = name.strip_prefix(DETAILS)?.to_owned();
        match field {
            Field::Open(open) => Some((name, open.value)),
            Field::Redacted(_) => None,
        }
    });
    Ok(KeptEntry {
        seq: body.seq,
        at: Timestamp::from_millis(row.at),
        principal,
        action: body.action,
        subject: body.subject,
        details: details.collect(),
    })
}
