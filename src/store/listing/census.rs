//! How many jobs of which kind are in which state.

use std::str::FromStr;

use callboard_orchestra::{id::Tenant, job::JobState, journal::JournalError, time::Timestamp};
use sea_orm::{
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QueryResult, QuerySelect,
    QueryTrait,
    sea_query::{Expr, ExprTrait, Func, Order, Query, SelectStatement},
};
use uuid::Uuid;

use super::{Listing, SCAN_ROWS_MAX};
use crate::store::{
    commit::failed,
    entity::{job, job::State},
};

/// The bits of a UUIDv7 below its time in milliseconds.
const BITS_BELOW_TIME: u32 = 80;

/// The latest jobs of a tenant by kind and state.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCounts {
    /// By kind, then by the name of the state.
    pub counts: Vec<JobCount>,
    /// When the first of those that were counted was submitted, where there were more than are counted.
    pub cut_at: Option<Timestamp>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct JobCount {
    pub kind: String,
    pub state: JobState,
    pub jobs: u64,
}

impl Listing {
    /// Jobs submitted since a moment; of more than 50,000 the latest so many.
    pub async fn job_counts(
        &self,
        tenant: &Tenant,
        since: Timestamp,
    ) -> Result<JobCounts, JournalError> {
        const COUNT: &str = "count the latest jobs of a tenant";
        let backend = self.readers.get_database_backend();
        let statement = backend.build(&counts(tenant, since, SCAN_ROWS_MAX));
        let rows = self.readers.query_all_raw(statement).await;
        let rows = rows.map_err(failed(COUNT))?;
        let (mut all, mut total, mut oldest) = (Vec::with_capacity(rows.len()), 0, i64::MAX);
        for row in rows {
            let (count, created_at) = read(&row).map_err(failed(COUNT))?;
            total += count.jobs;
            oldest = Ord::min(oldest, created_at);
            all.push(count);
        }
        Ok(JobCounts {
            counts: all,
            cut_at: (total >= SCAN_ROWS_MAX).then(|| Timestamp::from_millis(oldest)),
        })
    }
}

fn read(row: &QueryResult) -> Result<(JobCount, i64), Box<dyn std::error::Error + Send + Sync>> {
    let state: String = row.try_get("", "state")?;
    let jobs: i64 = row.try_get("", "jobs")?;
    let count = JobCount {
        kind: row.try_get("", "kind")?,
        state: State::from_str(&state)?.0,
        jobs: jobs.unsigned_abs(),
    };
    Ok((count, row.try_get("", "oldest")?))
}

/// Reads the index of a tenant's jobs from its end: ids grow with time.
fn counts(tenant: &Tenant, since: Timestamp, rows_max: u64) -> SelectStatement {
    let first = u128::from(since.millis().unsigned_abs()) << BITS_BELOW_TIME;
    let latest = job::Entity::find()
        .select_only()
        .columns([
            job::Column::Kind,
            job::Column::State,
            job::Column::CreatedAt,
        ])
        .filter(job::Column::Tenant.eq(tenant.as_str()))
        .filter(job::Column::Id.gte(Uuid::from_u128(first)))
        .order_by_desc(job::Column::Id)
        .limit(rows_max)
        .into_query();
    Query::select()
        .columns(["kind", "state"])
        .expr_as(Func::count(Expr::col("kind")), "jobs")
        .expr_as(Expr::col("created_at").min(), "oldest")
        .from_subquery(latest, "latest")
        .group_by_columns(["kind", "state"])
        .order_by("kind", Order::Asc)
        .order_by("state", Order::Asc)
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use callboard_orchestra::journal::{Journal, conformance};
    use sea_orm::Statement;

    use super::*;
    use crate::store::{Store, StoreSpec, Synchronous, postgres::testing};

    async fn stores(dir: &std::path::Path) -> Vec<Store> {
        let mut stores = Vec::new();
        for url in [Some(None), testing::database().await.map(Some)] {
            let Some(url) = url else {
                continue;
            };
            let spec = StoreSpec {
                data_dir: dir.join(stores.len().to_string()),
                url,
                synchronous: Synchronous::Normal,
                readers: NonZeroU32::MIN,
            };
            stores.push(Store::open(spec).await.unwrap());
        }
        stores
    }

    #[tokio::test]
    async fn the_jobs_of_a_tenant_since_a_moment_are_counted() {
        let dir = tempfile::tempdir().unwrap();
        for store in stores(dir.path()).await {
            let (mine, yours) = (Tenant::new("mine"), Tenant::new("yours"));
            let whole = conformance::whole_job(&mine);
            let begun = conformance::whole_job(&mine);
            let other = conformance::whole_job(&yours);
            for batch in [&whole[..], &begun[..1], &other[..]] {
                store.journal().commit(batch).await.unwrap();
            }
            let listing = store.listing();
            let long_ago = Timestamp::from_millis(0);
            let found = listing.job_counts(&mine, long_ago).await.unwrap();
            assert_eq!(found.cut_at, None);
            let jobs: Vec<u64> = found.counts.iter().map(|count| count.jobs).collect();
            assert_eq!(jobs, [1, 1], "{found:?}");
            assert_ne!(found.counts[0].state, found.counts[1].state);
            assert_eq!(found.counts[0].kind, found.counts[1].kind);
            let later = Timestamp::now().plus(Duration::from_secs(60));
            let found = listing.job_counts(&mine, later).await.unwrap();
            assert_eq!(found.counts, []);
            store.close().await.unwrap();
        }
    }

    #[tokio::test]
    async fn the_latest_jobs_are_found_by_the_index_of_their_tenant() {
        let dir = tempfile::tempdir().unwrap();
        let store = stores(dir.path()).await.remove(0);
        let readers = store.listing().readers;
        let counts = counts(&Tenant::default(), Timestamp::now(), 9);
        let mut statement: Statement = readers.get_database_backend().build(&counts);
        statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        let plan = readers.query_all_raw(statement).await.unwrap();
        let steps: Vec<String> = plan
            .iter()
            .map(|row| row.try_get("", "detail").unwrap())
            .collect();
        let uses = |step: &String| step.contains("USING INDEX jobs_by_tenant");
        assert!(steps.iter().any(uses), "{steps:?}");
    }
}
