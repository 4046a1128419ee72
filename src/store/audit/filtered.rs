//! Records of the audit log by a filter. One that no index serves is held against a bounded number of records a page.

use callboard_orchestra::journal::JournalError;
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
};

use super::{AuditQuery, AuditRow, read};
use crate::{
    filter::{Field, Filter, Kind, Schema},
    store::{Filtered, commit::failed, entity::audit_record, listing::SCAN_ROWS_MAX, rows::int},
};

/// What audit records can be filtered by.
pub static AUDIT_RECORDS: Schema = Schema {
    resource: "audit records",
    fields: &[
        Field::indexed("seq", Kind::Number),
        Field::new("at", Kind::Time),
        Field::new("action", Kind::Text),
        Field::optional("principal", Kind::Text),
        Field::optional("subject", Kind::Text),
    ],
};

pub async fn filtered<C: ConnectionTrait>(
    readers: &C,
    query: &AuditQuery,
    filter: &Filter,
) -> Result<Filtered<AuditRow>, JournalError> {
    use audit_record::Column;
    let failed = || failed("list audit records by a filter");
    let last_read = audit_record::Entity::find()
        .filter(Column::Tenant.eq(query.tenant.as_str()))
        .apply_if(query.before, |find, before| {
            find.filter(Column::Seq.lt(int(before)))
        })
        .order_by_desc(Column::Seq)
        .offset(SCAN_ROWS_MAX - 1)
        .limit(1)
        .one(readers)
        .await
        .map_err(failed())?;
    let rows = read::listing(query)
        .filter(filter.condition(readers.get_database_backend()))
        .apply_if(last_read.as_ref(), |find, last| {
            find.filter(Column::Seq.gte(last.seq))
        })
        .all(readers)
        .await
        .map_err(failed())?;
    Ok(Filtered {
        rows,
        read_to: last_read.map(|last| last.id),
    })
}
