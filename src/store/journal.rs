//! The journal in SQL. Writes go through the one writing connection, one transaction each; reads see what is committed.
//!
//! Never retries and never repairs: an error leaves the store as it was, and the caller decides.

use std::sync::Arc;

use callboard_orchestra::{
    KeptEntry,
    id::{ApprovalId, EffectId, JobId, Tenant},
    journal::{
        ApprovalRow, ApprovalsQuery, EffectRow, EffectsQuery, History, JobRow, JobsQuery, Journal,
        JournalFuture, LiveJobRow, Record, Remembered, Snapshot, StoredRecord, SupervisionNote,
    },
    time::Timestamp,
};
use sea_orm::{
    ColumnTrait, DatabaseConnection, EntityTrait, PaginatorTrait, QueryFilter, QueryOrder,
    QuerySelect,
};

use super::{
    audit::{self, AuditLog},
    commit::{self, failed},
    entity::{approval, effect, idempotency_key, job, pruned_tenant, supervision_event},
    lock::OwnerLock,
    read, rows,
    writer::Writer,
};

pub struct SqlJournal {
    writer: Arc<Writer>,
    readers: DatabaseConnection,
    epoch: u64,
    audit: AuditLog,
    // Whoever still writes still owns the directory.
    _lock: Arc<OwnerLock>,
}

impl SqlJournal {
    pub(super) fn new(
        writer: Arc<Writer>,
        readers: DatabaseConnection,
        epoch: u64,
        audit: AuditLog,
        lock: Arc<OwnerLock>,
    ) -> Self {
        Self {
            writer,
            readers,
            epoch,
            audit,
            _lock: lock,
        }
    }
}

impl Journal for SqlJournal {
    fn commit<'a>(&'a self, batch: &'a [Record]) -> JournalFuture<'a, Vec<u64>> {
        Box::pin(commit::records(
            &self.writer,
            &self.readers,
            self.epoch,
            batch,
        ))
    }

    fn live_jobs(&self, after: Option<JobId>, limit: usize) -> JournalFuture<'_, Vec<LiveJobRow>> {
        Box::pin(async move {
            let found = read::live(after, limit)
                .into_tuple()
                .all(&self.readers)
                .await
                .map_err(failed("read live jobs"))?;
            found.into_iter().map(rows::live_job).collect()
        })
    }

    fn live_jobs_total(&self) -> JournalFuture<'_, u64> {
        Box::pin(async move {
            let live = job::Entity::find().filter(job::Column::FinishedAt.is_null());
            let counted = live.count(&self.readers).await;
            counted.map_err(failed("count live jobs"))
        })
    }

    fn histories<'a>(&'a self, jobs: &'a [JobId]) -> JournalFuture<'a, Vec<History>> {
        Box::pin(read::histories(&self.readers, jobs))
    }

    fn keep_snapshot(&self, snapshot: Snapshot) -> JournalFuture<'_, ()> {
        Box::pin(commit::snapshot(&self.writer, self.epoch, snapshot))
    }

    fn records(
        &self,
        job: JobId,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'_, Vec<StoredRecord>> {
        Box::pin(async move {
            let found = read::of_job(job, after, limit).all(&self.readers).await;
            let found = found.map_err(failed("read records of a job"))?;
            rows::wanted_records(&found, limit, |record| record.last_seq() > after)
        })
    }

    fn tenant_records<'a>(
        &'a self,
        tenant: &'a Tenant,
        after_pos: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<StoredRecord>> {
        Box::pin(async move {
            let found = read::of_tenant(tenant, after_pos, limit)
                .all(&self.readers)
                .await
                .map_err(failed("read records of a tenant"))?;
            rows::wanted_records(&found, limit, |record| record.pos > after_pos)
        })
    }

    fn job<'a>(&'a self, tenant: &'a Tenant, job: JobId) -> JournalFuture<'a, Option<JobRow>> {
        Box::pin(async move {
            let found = job::Entity::find_by_id(job.uuid())
                .filter(job::Column::Tenant.eq(tenant.as_str()))
                .one(&self.readers)
                .await
                .map_err(failed("read a job"))?;
            found.map(rows::read_job).transpose()
        })
    }

    fn jobs<'a>(&'a self, query: &'a JobsQuery) -> JournalFuture<'a, Vec<JobRow>> {
        Box::pin(async move {
            let found = read::listed(query)
                .all(&self.readers)
                .await
                .map_err(failed("list jobs"))?;
            found.into_iter().map(rows::read_job).collect()
        })
    }

    fn remembered<'a>(
        &'a self,
        tenant: &'a Tenant,
        key: &'a str,
        now: Timestamp,
    ) -> JournalFuture<'a, Option<Remembered>> {
        Box::pin(async move {
            let primary_key = (tenant.as_str().to_owned(), key.to_owned());
            let found = idempotency_key::Entity::find_by_id(primary_key)
                .filter(idempotency_key::Column::ExpiresAt.gt(now.millis()))
                .one(&self.readers)
                .await
                .map_err(failed("read an idempotency key"))?;
            Ok(found.map(rows::remembered))
        })
    }

    fn approvals<'a>(&'a self, query: &'a ApprovalsQuery) -> JournalFuture<'a, Vec<ApprovalRow>> {
        Box::pin(async move {
            let found = read::approvals(query)
                .all(&self.readers)
                .await
                .map_err(failed("list approvals"))?;
            found.into_iter().map(rows::approval).collect()
        })
    }

    fn approval<'a>(
        &'a self,
        tenant: &'a Tenant,
        approval: ApprovalId,
    ) -> JournalFuture<'a, Option<ApprovalRow>> {
        Box::pin(async move {
            let found = approval::Entity::find_by_id(approval.uuid())
                .filter(approval::Column::Tenant.eq(tenant.as_str()))
                .one(&self.readers)
                .await
                .map_err(failed("read an approval"))?;
            found.map(rows::approval).transpose()
        })
    }

    fn effects<'a>(&'a self, query: &'a EffectsQuery) -> JournalFuture<'a, Vec<EffectRow>> {
        Box::pin(async move {
            let found = read::effects(query)
                .all(&self.readers)
                .await
                .map_err(failed("list effects"))?;
            found.into_iter().map(rows::effect).collect()
        })
    }

    fn effect<'a>(
        &'a self,
        tenant: &'a Tenant,
        effect: EffectId,
    ) -> JournalFuture<'a, Option<EffectRow>> {
        Box::pin(async move {
            let found = effect::Entity::find_by_id(effect.uuid())
                .filter(effect::Column::Tenant.eq(tenant.as_str()))
                .one(&self.readers)
                .await
                .map_err(failed("read an effect"))?;
            found.map(rows::effect).transpose()
        })
    }

    fn pruned_to<'a>(&'a self, tenant: &'a Tenant) -> JournalFuture<'a, u64> {
        Box::pin(async move {
            let found = pruned_tenant::Entity::find_by_id(tenant.as_str().to_owned())
                .one(&self.readers)
                .await
                .map_err(failed("read how far records are gone"))?;
            Ok(found.map_or(0, |row| row.pos.unsigned_abs()))
        })
    }

    fn audit<'a>(
        &'a self,
        tenant: &'a Tenant,
        after: u64,
        limit: usize,
    ) -> JournalFuture<'a, Vec<KeptEntry>> {
        Box::pin(async move {
            let found = self.audit.after(tenant, after, limit).await?;
            found.iter().map(audit::kept).collect()
        })
    }

    fn note_supervision(&self, notes: Vec<SupervisionNote>) -> JournalFuture<'_, ()> {
        Box::pin(async move { commit::supervision(&self.writer, self.epoch, &notes).await })
    }

    fn supervision(&self, after: u64, limit: usize) -> JournalFuture<'_, Vec<SupervisionNote>> {
        Box::pin(async move {
            let found = supervision_event::Entity::find()
                .filter(supervision_event::Column::Id.gt(rows::int(after)))
                .order_by_asc(supervision_event::Column::Id)
                .limit(limit as u64)
                .all(&self.readers)
                .await
                .map_err(failed("read supervision events"))?;
            found.into_iter().map(rows::note).collect()
        })
    }
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, path::Path};

    use callboard_orchestra::{
        job::{JobEvent, JobState},
        journal::{JournalError, MemoryJournal, conformance},
        payload::Payload,
    };
    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::store::{Store, StoreSpec, Synchronous, postgres::testing};

    const EVERYTHING: usize = 10_000;

    fn spec(data_dir: &Path) -> StoreSpec {
        StoreSpec {
            data_dir: data_dir.to_owned(),
            url: None,
            synchronous: Synchronous::Normal,
            readers: NonZeroU32::new(2).unwrap(),
        }
    }

    async fn open(data_dir: &Path) -> Store {
        Store::open(spec(data_dir)).await.unwrap()
    }

    async fn write(journal: &SqlJournal, sql: &str) {
        let lease = journal.writer.lease().await.unwrap();
        lease.pens.aside.execute_unprepared(sql).await.unwrap();
        lease.give_back();
    }

    #[tokio::test]
    async fn the_journal_in_sql_conforms() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        conformance::check(&*store.journal()).await;
        conformance::check(&*store.journal()).await;
        store.close().await.unwrap();
        let store = open(dir.path()).await;
        conformance::check(&*store.journal()).await;
    }

    #[tokio::test]
    async fn the_journal_in_postgresql_conforms() {
        let dir = tempfile::tempdir().unwrap();
        let Some(url) = testing::database().await else {
            return;
        };
        let spec = || StoreSpec {
            url: Some(url.clone()),
            ..spec(dir.path())
        };
        let store = Store::open(spec()).await.unwrap();
        conformance::check(&*store.journal()).await;
        conformance::check(&*store.journal()).await;
        store.close().await.unwrap();
        let store = Store::open(spec()).await.unwrap();
        conformance::check(&*store.journal()).await;
    }

    #[tokio::test]
    async fn memory_sqlite_and_postgresql_answer_the_same_to_random_batches() {
        for seed in 0..12 {
            let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
            let sqlite = open(dir.path()).await;
            let postgres = match testing::database().await {
                Some(url) => Some(
                    Store::open(StoreSpec {
                        url: Some(url),
                        ..spec(other.path())
                    })
                    .await
                    .unwrap(),
                ),
                None => None,
            };
            let memory = MemoryJournal::default();
            let journals = (sqlite.journal(), postgres.as_ref().map(Store::journal));
            let mut all: Vec<&dyn Journal> = vec![&memory, &*journals.0];
            all.extend(journals.1.as_deref().map(|journal| journal as &dyn Journal));
            conformance::compare(&all, seed).await;
            sqlite.close().await.unwrap();
            if let Some(postgres) = postgres {
                postgres.close().await.unwrap();
            }
        }
    }

    #[tokio::test]
    async fn reopening_keeps_everything_and_goes_on_counting() {
        let dir = tempfile::tempdir().unwrap();
        let tenant = Tenant::default();
        let mut batch = conformance::whole_job(&tenant);
        let job = batch[0].job;
        let now = Timestamp::from_millis(0);
        let remembered = Remembered {
            key: "k".to_owned(),
            body_sha256: "5e".repeat(32),
            job,
            expires_at: Timestamp::from_millis(1),
        };
        batch[0].remember = Some(remembered.clone());
        let note = SupervisionNote {
            id: 0,
            at: now,
            event: Payload::of("panicked").unwrap(),
        };

        let store = open(dir.path()).await;
        let journal = store.journal();
        let positions = journal.commit(&batch[..2]).await.unwrap();
        journal.note_supervision(vec![note]).await.unwrap();
        let records = journal.records(job, 0, EVERYTHING).await.unwrap();
        let row = journal.job(&tenant, job).await.unwrap();
        let notes = journal.supervision(0, EVERYTHING).await.unwrap();
        store.close().await.unwrap();

        let store = open(dir.path()).await;
        let journal = store.journal();
        assert_eq!(journal.records(job, 0, EVERYTHING).await.unwrap(), records);
        assert_eq!(journal.job(&tenant, job).await.unwrap(), row);
        let live = journal.live_jobs(None, 9).await.unwrap();
        assert_eq!(live, [LiveJobRow::of(&row.unwrap())]);
        assert_eq!(
            journal.remembered(&tenant, "k", now).await.unwrap(),
            Some(remembered)
        );
        assert_eq!(journal.supervision(0, EVERYTHING).await.unwrap(), notes);

        let later = journal.commit(&batch[2..]).await.unwrap();
        assert_eq!(later[0], positions[1] + 1);
        assert_eq!(journal.live_jobs(None, 9).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_journal_whose_epoch_has_passed_writes_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        write(&journal, "UPDATE store_epoch SET epoch = epoch + 1").await;

        let batch = conformance::whole_job(&Tenant::default());
        let fenced = journal.commit(&batch).await;
        assert!(
            matches!(fenced, Err(JournalError::Fenced { epoch: 1 })),
            "{fenced:?}"
        );
        assert_eq!(
            journal.records(batch[0].job, 0, EVERYTHING).await.unwrap(),
            []
        );
        let note = SupervisionNote {
            id: 0,
            at: Timestamp::from_millis(0),
            event: Payload::of("x").unwrap(),
        };
        let fenced = journal.note_supervision(vec![note]).await;
        assert!(
            matches!(fenced, Err(JournalError::Fenced { epoch: 1 })),
            "{fenced:?}"
        );
    }

    #[tokio::test]
    async fn a_job_that_had_ended_may_go_on() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        let tenant = Tenant::default();
        let batch = conformance::whole_job(&tenant);
        journal.commit(&batch).await.unwrap();
        let ended = batch.last().unwrap();
        assert_eq!(journal.live_jobs(None, 9).await.unwrap(), []);

        let row = JobRow {
            state: JobState::Running,
            finished_at: None,
            seq: ended.last_seq() + 1,
            ..JobRow::clone(&ended.row)
        };
        let again = Record {
            first_seq: row.seq,
            events: [JobEvent::JobRunning {}].into(),
            row: row.clone().into(),
            ..ended.clone()
        };
        journal.commit(&[again]).await.unwrap();
        assert_eq!(
            journal.job(&tenant, row.id).await.unwrap(),
            Some(row.clone())
        );
        let live = journal.live_jobs(None, 9).await.unwrap();
        assert_eq!(live, [LiveJobRow::of(&row)]);
    }

    #[tokio::test]
    async fn readers_cannot_write() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let refused = store
            .journal()
            .readers
            .execute_unprepared("DELETE FROM jobs")
            .await
            .unwrap_err();
        assert!(refused.to_string().contains("readonly"), "{refused}");
    }

    #[tokio::test]
    async fn expired_keys_are_swept_by_later_commits() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        let tenant = Tenant::default();
        let remembering = |key: &str, expires_in_ms: i64| {
            let mut record = conformance::whole_job(&tenant).swap_remove(0);
            let expires_at = Timestamp::from_millis(record.at.millis() + expires_in_ms);
            let body_sha256 = "5e".repeat(32);
            record.remember = Some(Remembered {
                key: key.to_owned(),
                body_sha256,
                job: record.job,
                expires_at,
            });
            record
        };
        journal
            .commit(&[remembering("past", -1), remembering("future", 1)])
            .await
            .unwrap();
        journal.commit(&[remembering("later", 1)]).await.unwrap();
        let keys = idempotency_key::Entity::find().order_by_asc(idempotency_key::Column::Key);
        let keys: Vec<_> = keys
            .all(&journal.readers)
            .await
            .unwrap()
            .into_iter()
            .map(|row| row.key)
            .collect();
        assert_eq!(keys, ["future", "later"]);
    }
}
