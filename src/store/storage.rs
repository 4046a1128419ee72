//! How many bytes of artifacts the jobs of a tenant refer to.

use callboard_orchestra::{id::Tenant, journal::JournalError};
use sea_orm::{
    ConnectionTrait, ExprTrait,
    sea_query::{Expr, Func, Query, SelectStatement},
};

use super::{Listing, commit::failed};

impl Listing {
    /// Bytes of the artifacts that jobs of a tenant refer to. One that several jobs refer to counts with each. Reads an entry
    /// of an index for each.
    pub async fn artifact_bytes(&self, tenant: &Tenant) -> Result<u64, JournalError> {
        let failed = || failed("sum up the artifacts of a tenant");
        let backend = self.readers.get_database_backend();
        let sum = self.readers.query_one_raw(backend.build(&sum_of(tenant)));
        let Some(row) = sum.await.map_err(failed())? else {
            return Ok(0);
        };
        let bytes: i64 = row.try_get_by_index(0).map_err(failed())?;
        Ok(bytes.unsigned_abs())
    }
}

fn sum_of(tenant: &Tenant) -> SelectStatement {
    let sum = Func::coalesce([Expr::col("bytes").sum(), 0.into()]);
    Query::select()
        .expr(Func::cast_as(sum, "bigint"))
        .from("artifact_refs")
        .and_where(Expr::col("tenant").eq(tenant.as_str()))
        .to_owned()
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, time::Duration};

    use callboard_orchestra::journal::{ArtifactRef, Journal, conformance};
    use sea_orm::Statement;

    use super::*;
    use crate::store::{RetentionPolicy, Store, StoreSpec, Synchronous, postgres::testing};

    const HOUR: Duration = Duration::from_secs(3_600);

    async fn counted_and_pruned(store: Store) {
        let (mine, yours) = (Tenant::new("mine"), Tenant::new("yours"));
        let [mut first, mut second, mut other] = [&mine, &mine, &yours].map(conformance::whole_job);
        let artifact = |name: &str, bytes| ArtifactRef {
            sha256: name.into(),
            bytes,
        };
        first[0].asides.artifacts = vec![artifact("a", 10), artifact("b", 1 << 40)];
        // A reference that is made twice counts once.
        first[1].asides.artifacts = vec![artifact("a", 10)];
        second[0].asides.artifacts = vec![artifact("a", 10)];
        other[0].asides.artifacts = vec![artifact("a", 10)];
        let listing = store.listing();
        let bytes = async |tenant: &Tenant| listing.artifact_bytes(tenant).await.unwrap();
        assert_eq!(bytes(&mine).await, 0);
        for batch in [&first, &second[..1].to_vec(), &other] {
            store.journal().commit(batch).await.unwrap();
        }
        assert_eq!(
            (bytes(&mine).await, bytes(&yours).await),
            ((1 << 40) + 20, 10)
        );

        let policy = RetentionPolicy {
            ended_jobs_kept: Duration::ZERO,
            jobs_max: 1,
            supervision_events_max: 1,
            audit_kept: HOUR,
            loose_artifacts_kept: HOUR,
        };
        // The job that has not ended keeps what it has.
        let pruner = store.pruner(policy);
        let late = callboard_orchestra::Timestamp::now().plus(HOUR);
        assert_eq!(pruner.round(late).await.unwrap().jobs, 2);
        assert_eq!((bytes(&mine).await, bytes(&yours).await), (10, 0));
        store.close().await.unwrap();
    }

    #[tokio::test]
    async fn artifacts_count_for_the_tenant_until_their_job_is_pruned() {
        for url in [Some(None), testing::database().await.map(Some)] {
            let Some(url) = url else {
                continue;
            };
            let dir = tempfile::tempdir().unwrap();
            let spec = StoreSpec {
                data_dir: dir.path().to_owned(),
                url,
                synchronous: Synchronous::Normal,
                readers: NonZeroU32::MIN,
            };
            counted_and_pruned(Store::open(spec).await.unwrap()).await;
        }
    }

    #[tokio::test]
    async fn the_sum_is_read_from_an_index_alone() {
        let dir = tempfile::tempdir().unwrap();
        let spec = StoreSpec {
            data_dir: dir.path().to_owned(),
            url: None,
            synchronous: Synchronous::Normal,
            readers: NonZeroU32::MIN,
        };
        let store = Store::open(spec).await.unwrap();
        let readers = store.listing().readers;
        let mut statement: Statement = readers
            .get_database_backend()
            .build(&sum_of(&Tenant::default()));
        statement.sql.insert_str(0, "EXPLAIN QUERY PLAN ");
        let plan = readers.query_all_raw(statement).await.unwrap();
        let steps: Vec<String> = plan
            .iter()
            .map(|row| row.try_get("", "detail").unwrap())
            .collect();
        let is_covered = |step: &String| step.contains("COVERING INDEX artifact_refs_by_tenant");
        assert!(
            steps.len() == 1 && steps.iter().all(is_covered),
            "{steps:?}"
        );
        store.close().await.unwrap();
    }
}
