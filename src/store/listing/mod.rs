//! Lists of jobs, approvals and effects by a filter.
//!
//! A filter that no index serves is held against a bounded number of rows a page, whatever it finds among them.

mod census;
mod jobs;
mod waits;

use callboard_orchestra::{id::Tenant, journal::JournalError};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, ExprTrait, PaginatorTrait, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select, sea_query::Expr,
};
use uuid::Uuid;

pub use self::{
    census::{JobCount, JobCounts},
    jobs::JOBS,
    waits::{APPROVALS, EFFECTS},
};
use super::{
    commit::failed,
    entity::{job, supervision_event},
};
use crate::filter::Filter;

/// Rows that one page of a filter without an index reads.
pub(super) const SCAN_ROWS_MAX: u64 = 50_000;

/// The names of every value of a type, for a constant.
macro_rules! names {
    ($type:ty) => {{
        let mut names = [""; <$type>::ALL.len()];
        let mut index = 0;
        while index < names.len() {
            names[index] = <$type>::ALL[index].name();
            index += 1;
        }
        names
    }};
}

use names;

/// Reads by filters. Clones share the connections.
#[derive(Clone)]
pub struct Listing {
    pub(super) readers: DatabaseConnection,
}

/// A page of a filter.
#[derive(Debug, PartialEq)]
pub struct Filtered<T> {
    /// Newest first.
    pub rows: Vec<T>,
    /// Id of the last row that was looked at, when there are older ones still.
    pub read_to: Option<Uuid>,
}

impl Listing {
    pub(super) const fn new(readers: DatabaseConnection) -> Self {
        Self { readers }
    }

    /// How many jobs of a tenant have not ended.
    pub async fn live_jobs(&self, tenant: &Tenant) -> Result<u64, JournalError> {
        let live = job::Entity::find()
            .filter(job::Column::Tenant.eq(tenant.as_str()))
            .filter(job::Column::FinishedAt.is_null());
        let counted = live.count(&self.readers).await;
        counted.map_err(failed("count live jobs of a tenant"))
    }

    /// Id of the last supervision event that is kept; 0 when there is none.
    pub async fn last_supervision_event(&self) -> Result<u64, JournalError> {
        let last: Result<Option<i64>, _> = supervision_event::Entity::find()
            .select_only()
            .column(supervision_event::Column::Id)
            .order_by_desc(supervision_event::Column::Id)
            .into_tuple()
            .one(&self.readers)
            .await;
        let last = last.map_err(failed("find the last supervision event"))?;
        Ok(last.map_or(0, i64::unsigned_abs))
    }

    async fn page<E: EntityTrait>(
        &self,
        tenant: &Tenant,
        before: Option<Uuid>,
        asked: Select<E>,
        filter: &Filter,
    ) -> Result<Filtered<E::Model>, JournalError> {
        let read_to = if filter.is_indexed() {
            None
        } else {
            end_of_page::<E>(&self.readers, tenant, before, SCAN_ROWS_MAX).await?
        };
        let rows = asked
            .filter(filter.condition(self.readers.get_database_backend()))
            .apply_if(read_to, |find, last| find.filter(Expr::col("id").gte(last)))
            .all(&self.readers)
            .await
            .map_err(failed("list by a filter"))?;
        Ok(Filtered { rows, read_to })
    }
}

impl<M> Filtered<M> {
    /// A page that no filter has thinned.
    pub const fn all(rows: Vec<M>) -> Self {
        Self {
            rows,
            read_to: None,
        }
    }

    fn read<T>(
        self,
        read: impl Fn(M) -> Result<T, JournalError>,
    ) -> Result<Filtered<T>, JournalError> {
        let rows: Result<Vec<T>, JournalError> = self.rows.into_iter().map(read).collect();
        Ok(Filtered {
            rows: rows?,
            read_to: self.read_to,
        })
    }
}

/// Id of the last of the `rows_max` rows that a page may read, when there are so many. The table has the columns `tenant`
/// and `id`, and an index of both.
async fn end_of_page<E: EntityTrait>(
    readers: &DatabaseConnection,
    tenant: &Tenant,
    before: Option<Uuid>,
    rows_max: u64,
) -> Result<Option<Uuid>, JournalError> {
    let (of_tenant, id) = (Expr::col("tenant"), || Expr::col("id"));
    E::find()
        .select_only()
        .expr_as(id(), "id")
        .filter(of_tenant.eq(tenant.as_str()))
        .apply_if(before, |find, before| find.filter(id().lt(before)))
        .order_by_desc(id())
        .offset(rows_max - 1)
        .limit(1)
        .into_tuple()
        .one(readers)
        .await
        .map_err(failed("find the end of a page"))
}
