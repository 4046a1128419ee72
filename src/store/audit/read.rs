//! Reads of the audit log.

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

pub fn checkpoint(row: &audit_checkpoint::Model) -> Result<Checkpoint, JournalError> {
    Ok(Checkpoint {
        checkpoint: serde_json::from_str(&row.body).map_err(failed(READ))?,
        signature: row.signature.clone(),
    })
}

/// The last checkpoint of a tenant as seq and hash.
pub async fn last_checkpoint<C: ConnectionTrait>(
    readers: &C,
    tenant: &Tenant,
) -> Result<Option<(u64, String)>, JournalError> {
    let last = audit_checkpoint::Entity::find()
        .filter(audit_checkpoint::Column::Tenant.eq(tenant.as_str()))
        .order_by_desc(audit_checkpoint::Column::Seq)
        .one(readers)
        .await
        .map_err(failed(READ))?;
    Ok(last.map(|row| (row.seq.unsigned_abs(), row.hash)))
}

/// Every tenant with records or checkpoints, in order. Each is found by one step in an index, however many records.
pub async fn tenants<C: ConnectionTrait>(readers: &C) -> Result<Vec<Tenant>, JournalError> {
    let mut tenants: Vec<Tenant> = Vec::new();
    loop {
        let last = tenants.last().map(|tenant| tenant.as_str().to_owned());
        let recorded: Option<String> = audit_record::Entity::find()
            .select_only()
            .column(audit_record::Column::Tenant)
            .apply_if(last.clone(), |find, last| {
                find.filter(audit_record::Column::Tenant.gt(last))
            })
            .order_by_asc(audit_record::Column::Tenant)
            .limit(1)
            .into_tuple()
            .one(readers)
            .await
            .map_err(failed(READ))?;
        let signed: Option<String> = audit_checkpoint::Entity::find()
            .select_only()
            .column(audit_checkpoint::Column::Tenant)
            .apply_if(last, |find, last| {
                find.filter(audit_checkpoint::Column::Tenant.gt(last))
            })
            .order_by_asc(audit_checkpoint::Column::Tenant)
            .limit(1)
            .into_tuple()
            .one(readers)
            .await
            .map_err(failed(READ))?;
        let next = recorded.into_iter().chain(signed).min();
        match next {
            // The database may order text otherwise than this process does.
            Some(next) if !tenants.iter().any(|known| known.as_str() == next) => {
                tenants.push(Tenant::new(next));
            }
            Some(_) | None => return Ok(tenants),
        }
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
