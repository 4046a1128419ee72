//! Records of a transaction that writes something else than jobs.

use callboard_orchestra::{AuditEntry, journal::JournalError};
use sea_orm::{ActiveValue::Set, DatabaseTransaction};

use crate::{
    audit::{Draft, Sealed},
    store::{
        commit::{failed, inserts},
        entity::audit_record,
        rows::int,
        writer::Lease,
    },
};

/// Adds entries to the chains of their tenants, in the transaction that `commit::begin` opened on the lease. They count
/// once `commit::end` has committed it.
pub async fn append(
    txn: &DatabaseTransaction,
    lease: &mut Lease<'_>,
    entries: &[AuditEntry],
) -> Result<(), JournalError> {
    if !lease.audits() || entries.is_empty() {
        return Ok(());
    }
    let drafts: Vec<Draft> = entries.iter().map(Draft::of).collect();
    let heads = &mut lease.pens.heads;
    let tenants = drafts.iter().map(|draft| &draft.tenant);
    heads.load(txn, tenants).await?;
    let sealed = heads.seal(&drafts);
    for insert in inserts(sealed.into_iter().map(row)) {
        let inserted = insert.exec_without_returning(txn).await;
        inserted.map_err(failed("append to the audit log"))?;
    }
    Ok(())
}

fn row(sealed: Sealed) -> audit_record::ActiveModel {
    audit_record::ActiveModel {
        tenant: Set(sealed.tenant.as_str().to_owned()),
        seq: Set(int(sealed.seq)),
        id: Set(sealed.id),
        at: Set(sealed.at.millis()),
        principal: Set(Some(sealed.principal)),
        action: Set(sealed.action.to_owned()),
        subject: Set(sealed.subject),
        body: Set(sealed.body),
        hash: Set(sealed.hash),
    }
}
