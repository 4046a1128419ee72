//! Reads of the audit log.

use std::collections::BTreeSet;

use callboard_orchestra::{KeptEntry, Tenant, Timestamp, journal::JournalError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    Select, sea_query::Condition,
};

use super::{AuditQuery, AuditRow};
use crate::{
    audit::{Body, Checkpoint, CheckpointKind, DETAILS, Field, PRINCIPAL},
    store::{
        commit::failed,
        entity::{audit_checkpoint, audit_record},
        rows::int,
    },
};

const READ: &str = "read the audit log";

/// Records of a tenant, newest first.
pub async fn listed<C: ConnectionTrait>(
    readers: &C,
    query: &AuditQuery,
) -> Result<Vec<AuditRow>, JournalError> {
    listing(query).all(readers).await.map_err(failed(READ))
}

pub fn listing(query: &AuditQuery) -> Select<audit_record::Entity> {
    use audit_record::Column;
    audit_record::Entity::find()
        .filter(Column::Tenant.eq(query.tenant.as_str()))
        .apply_if(query.action.as_deref(), |find, action| {
            find.filter(Column::Action.eq(action))
        })
        .apply_if(query.subject.as_deref(), |find, subject| {
            find.filter(Column::Subject.eq(subject))
        })
        .apply_if(query.principal.as_deref(), |find, principal| {
            find.filter(Column::Principal.eq(principal))
        })
        .apply_if(query.before, |find, before| {
            find.filter(Column::Seq.lt(int(before)))
        })
        .order_by_desc(Column::Seq)
        .limit(query.limit as u64)
}

pub async fn one<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    seq: u64,
) -> Result<Option<AuditRow>, JournalError> {
    let key = (tenant.as_str().to_owned(), int(seq));
    let found = audit_record::Entity::find_by_id(key).one(readers).await;
    found.map_err(failed(READ))
}

/// Records of a tenant after `seq`, oldest first.
pub async fn after<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    seq: u64,
    limit: usize,
) -> Result<Vec<AuditRow>, JournalError> {
    audit_record::Entity::find()
        .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
        .filter(audit_record::Column::Seq.gt(int(seq)))
        .order_by_asc(audit_record::Column::Seq)
        .limit(limit as u64)
        .all(readers)
        .await
        .map_err(failed(READ))
}

/// Records of a tenant about one of `subjects`, oldest first.
pub async fn about<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    subjects: &[String],
    limit: usize,
) -> Result<Vec<AuditRow>, JournalError> {
    audit_record::Entity::find()
        .filter(audit_record::Column::Subject.is_in(subjects))
        .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
        .order_by_asc(audit_record::Column::Seq)
        .limit(limit as u64)
        .all(readers)
        .await
        .map_err(failed(READ))
}

/// Checkpoints of a tenant behind `after`, oldest first.
pub async fn checkpoints<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    after: Option<(u64, CheckpointKind)>,
    limit: usize,
) -> Result<Vec<Checkpoint>, JournalError> {
    let rows = checkpoint_rows(readers, tenant, after, limit).await?;
    rows.iter().map(checkpoint).collect()
}

/// The same as rows.
pub async fn checkpoint_rows<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    after: Option<(u64, CheckpointKind)>,
    limit: usize,
) -> Result<Vec<audit_checkpoint::Model>, JournalError> {
    use audit_checkpoint::Column;
    audit_checkpoint::Entity::find()
        .filter(Column::Tenant.eq(tenant.as_str()))
        .apply_if(after, |find, (seq, kind)| {
            let same = Condition::all()
                .add(Column::Seq.eq(int(seq)))
                .add(Column::Kind.lt(kind.name()));
            find.filter(Condition::any().add(Column::Seq.gt(int(seq))).add(same))
        })
        .order_by_asc(Column::Seq)
        .order_by_desc(Column::Kind)
        .limit(limit as u64)
        .all(readers)
        .await
        .map_err(failed(READ))
}

/// Checkpoints of a tenant, newest first.
pub async fn latest_checkpoints<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    limit: usize,
) -> Result<Vec<Checkpoint>, JournalError> {
    use audit_checkpoint::Column;
    let rows = audit_checkpoint::Entity::find()
        .filter(Column::Tenant.eq(tenant.as_str()))
        .order_by_desc(Column::Seq)
        .order_by_asc(Column::Kind)
        .limit(limit as u64)
        .all(readers)
        .await
        .map_err(failed(READ))?;
    rows.iter().map(checkpoint).collect()
}

pub fn checkpoint(row: &audit_checkpoint::Model) -> Result<Checkpoint, JournalError> {
    Ok(Checkpoint {
        checkpoint: serde_json::from_str(&row.body).map_err(failed(READ))?,
        signature: row.signature.clone(),
    })
}

/// The checkpoint of a tenant that is about the last record, of one kind or of any.
pub async fn last_checkpoint<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    kind: Option<CheckpointKind>,
) -> Result<Option<audit_checkpoint::Model>, JournalError> {
    use audit_checkpoint::Column;
    let last = audit_checkpoint::Entity::find()
        .filter(Column::Tenant.eq(tenant.as_str()))
        .apply_if(kind, |find, kind| find.filter(Column::Kind.eq(kind.name())))
        .order_by_desc(Column::Seq)
        .limit(1)
        .one(readers)
        .await;
    last.map_err(failed(READ))
}

/// Hash of the record of a tenant at `seq`, also when a checkpoint has taken its place.
pub async fn hash_at<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    seq: u64,
) -> Result<Option<String>, JournalError> {
    if let Some(row) = one(readers, tenant, seq).await? {
        return Ok(Some(row.hash));
    }
    use audit_checkpoint::Column;
    let checkpoint = audit_checkpoint::Entity::find()
        .filter(Column::Tenant.eq(tenant.as_str()))
        .filter(Column::Seq.eq(int(seq)))
        .limit(1)
        .one(readers)
        .await;
    let checkpoint = checkpoint.map_err(failed(READ))?;
    Ok(checkpoint.map(|row| row.hash))
}

/// The first checkpoint of a tenant that is about the record at `seq` or a later one.
pub async fn checkpoint_from<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
    seq: u64,
) -> Result<Option<audit_checkpoint::Model>, JournalError> {
    use audit_checkpoint::Column;
    let first = audit_checkpoint::Entity::find()
        .filter(Column::Tenant.eq(tenant.as_str()))
        .filter(Column::Seq.gte(int(seq)))
        .order_by_asc(Column::Seq)
        .limit(1)
        .one(readers)
        .await;
    first.map_err(failed(READ))
}

/// Whether a record of a tenant has a number that none may have.
pub async fn has_unnumbered<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
) -> Result<bool, JournalError> {
    let found = audit_record::Entity::find()
        .filter(audit_record::Column::Tenant.eq(tenant.as_str()))
        .filter(audit_record::Column::Seq.lte(0))
        .limit(1)
        .one(readers)
        .await;
    Ok(found.map_err(failed(READ))?.is_some())
}

/// Every tenant with records or checkpoints, in order.
pub async fn tenants<C: ConnectionTrait>(readers: &C) -> Result<Vec<Tenant>, JournalError> {
    let mut tenants = BTreeSet::new();
    named::<audit_record::Entity, _>(readers, audit_record::Column::Tenant, &mut tenants).await?;
    let column = audit_checkpoint::Column::Tenant;
    named::<audit_checkpoint::Entity, _>(readers, column, &mut tenants).await?;
    Ok(tenants.into_iter().map(Tenant::new).collect())
}

/// Every tenant of one table, each found by one step in an index, however many rows. What comes after a name is the
/// database's to say: it may order text otherwise than this process does.
async fn named<E: EntityTrait, C: ConnectionTrait>(
    readers: &C,
    column: E::Column,
    tenants: &mut BTreeSet<String>,
) -> Result<(), JournalError> {
    let mut last: Option<String> = None;
    loop {
        let next: Option<String> = E::find()
            .select_only()
            .column(column)
            .apply_if(last, |find, last| find.filter(column.gt(last)))
            .order_by_asc(column)
            .limit(1)
            .into_tuple()
            .one(readers)
            .await
            .map_err(failed(READ))?;
        let Some(next) = next else {
            return Ok(());
        };
        tenants.insert(next.clone());
        last = Some(next);
    }
}

/// A row as the entry that it was.
pub fn kept(row: &AuditRow) -> Result<KeptEntry, JournalError> {
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
