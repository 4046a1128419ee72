//! The connections that write, lent to one transaction at a time.
//!
//! They come back only from a write that ended well. SQLite ends a transaction by itself when the disk is full or
//! fails, and the connection's own count of open transactions does not hear of it: what it would call a commit from then
//! on is none. So connections whose write failed, or was given up half way, are closed, and the next write opens others.

use std::sync::Arc;

use callboard_orchestra::journal::JournalError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbBackend};
use tokio::sync::{MutexGuard, Notify, watch};

use super::{
    audit::{AuditSwitch, Heads, LostChains},
    backend::{Backend, Hot},
    commit::failed,
};

pub struct Writer {
    backend: Backend,
    place: Turn,
    /// Why the last commit of records failed; None after one that did not.
    refusal: watch::Sender<Option<String>>,
    written: Arc<Notify>,
    audit: AuditSwitch,
    lost_chains: LostChains,
}

impl Drop for Writer {
    fn drop(&mut self) {
        self.written.notify_one();
    }
}

#[expect(
    clippy::disallowed_types,
    reason = "a connection that is given up half way must pass to nobody: the guard goes with whoever held it"
)]
type Turn = tokio::sync::Mutex<Place>;

enum Place {
    Here(Box<Pens>),
    /// Lent, or lost with the write they were lent to.
    Away,
    Closed,
}

/// What a write is done with.
pub struct Pens {
    /// Commits records, and nothing else.
    pub hot: Hot,
    /// Everything else.
    pub aside: DatabaseConnection,
    /// Position of the last record in the store.
    pub last_pos: u64,
    /// Where the audit chains stand.
    pub heads: Heads,
}

/// The connections for the length of a write. Dropped without `give_back` they are closed.
pub struct Lease<'a> {
    pub pens: Box<Pens>,
    place: MutexGuard<'a, Place>,
    written: &'a Notify,
    audit: &'a AuditSwitch,
}

impl Lease<'_> {
    /// The write has ended well.
    pub fn give_back(mut self) {
        let written = self.written;
        let unsigned = self.pens.heads.keep();
        self.audit.note(unsigned);
        self.put_back();
        written.notify_one();
    }

    /// Whether audit records are written.
    pub fn audits(&self) -> bool {
        self.audit.is_on()
    }

    /// Nothing was written.
    pub fn put_back(mut self) {
        self.pens.heads.forget_moved();
        *self.place = Place::Here(self.pens);
    }
}

const OPEN: &str = "open the connections that write";

impl Writer {
    /// `aside` is an open connection to the same database.
    pub async fn open(backend: Backend, aside: DatabaseConnection) -> Result<Self, JournalError> {
        let lost_chains = LostChains::default();
        let pens = pens(&backend, aside, &lost_chains).await?;
        Ok(Self {
            backend,
            place: Turn::new(Place::Here(pens)),
            refusal: watch::Sender::new(None),
            written: Arc::default(),
            audit: AuditSwitch::default(),
            lost_chains,
        })
    }

    /// Told of every write that ended well, and when the writer is gone.
    pub fn written(&self) -> Arc<Notify> {
        self.written.clone()
    }

    /// Whether audit records are written, and when chains are to be signed.
    pub fn audit(&self) -> &AuditSwitch {
        &self.audit
    }

    /// Chains that were not signed when connections were lost with a write.
    pub fn lost_chains(&self) -> &LostChains {
        &self.lost_chains
    }

    /// Waits until no other write is in hand.
    pub async fn lease(&self) -> Result<Lease<'_>, JournalError> {
        let mut place = self.place.lock().await;
        let pens = match std::mem::replace(&mut *place, Place::Away) {
            Place::Here(pens) => pens,
            Place::Away => {
                let aside = self.backend.aside(false).await.map_err(failed(OPEN))?;
                pens(&self.backend, aside, &self.lost_chains).await?
            }
            Place::Closed => {
                *place = Place::Closed;
                return Err(failed(OPEN)("the store is closed"));
            }
        };
        Ok(Lease {
            pens,
            place,
            written: &self.written,
            audit: &self.audit,
        })
    }

    /// Refuses writes from here on. On SQLite moves the write-ahead log into the database.
    pub async fn close(&self) -> Result<(), JournalError> {
        const CLOSE: &str = "close the connections that write";
        let mut lease = self.lease().await?;
        *lease.place = Place::Closed;
        let Pens { hot, aside, .. } = *lease.pens;
        if aside.get_database_backend() == DbBackend::Sqlite {
            let truncate = "PRAGMA wal_checkpoint(TRUNCATE)";
            let truncated = aside.execute_unprepared(truncate).await;
            truncated.map_err(failed(CLOSE))?;
        }
        hot.close().await.map_err(failed(CLOSE))?;
        aside.close_by_ref().await.map_err(failed(CLOSE))
    }

    /// Remembers how a commit of records went, for `refusal`.
    pub fn note<T>(&self, committed: &Result<T, JournalError>) {
        let refusal = match committed {
            Ok(_) => None,
            Err(JournalError::Store { operation, source }) => {
                Some(format!("{operation}: {source}"))
            }
            // Says something of the batch, not of the store.
            Err(
                JournalError::Fenced { .. }
                | JournalError::Conflict { .. }
                | JournalError::Codec(_),
            ) => return,
        };
        self.refusal.send_if_modified(|known| {
            let changed = *known != refusal;
            *known = refusal;
            changed
        });
    }

    /// Why the last commit of records failed; None after one that did not.
    pub fn refusal(&self) -> Option<String> {
        self.refusal.borrow().clone()
    }
}

async fn pens(
    backend: &Backend,
    aside: DatabaseConnection,
    lost_chains: &LostChains,
) -> Result<Box<Pens>, JournalError> {
    let (hot, last_pos) = backend.hot().await.map_err(failed(OPEN))?;
    Ok(Box::new(Pens {
        hot,
        aside,
        last_pos,
        heads: Heads::new(lost_chains.clone()),
    }))
}

#[cfg(test)]
mod tests {
    use std::{num::NonZeroU32, path::Path};

    use callboard_orchestra::{
        Tenant,
        journal::{Journal, Record, conformance},
    };
    use sea_orm::{
        Statement,
        sqlx::{self, SqliteConnection},
    };

    use super::*;
    use crate::store::{Store, StoreSpec, Synchronous};

    const EVERYTHING: usize = 10_000;

    async fn open(data_dir: &Path) -> Store {
        let spec = StoreSpec {
            data_dir: data_dir.to_owned(),
            url: None,
            synchronous: Synchronous::Full,
            readers: NonZeroU32::new(1).unwrap(),
        };
        Store::open(spec).await.unwrap()
    }

    fn job() -> Vec<Record> {
        conformance::whole_job(&Tenant::default())
    }

    fn sqlite<'l>(lease: &'l mut Lease<'_>) -> &'l mut SqliteConnection {
        match &mut lease.pens.hot {
            Hot::Sqlite(connection) => connection,
            Hot::Postgres(_) => panic!("the store is a file"),
        }
    }

    /// Lets the database grow to `pages` at most; where it has more, no page is free, as on a full disk.
    async fn limit(writer: &Writer, pages: u32) {
        let mut lease = writer.lease().await.unwrap();
        let limit = sqlx::AssertSqlSafe(format!("PRAGMA max_page_count = {pages}"));
        let set = sqlx::query(limit).execute(sqlite(&mut lease)).await;
        set.unwrap();
        lease.give_back();
    }

    /// Batches until one is refused.
    async fn commit_until_refused(journal: &dyn Journal) -> JournalError {
        for _ in 0..1_000 {
            let batch: Vec<Record> = (0..20).flat_map(|_| job()).collect();
            if let Err(refused) = journal.commit(&batch).await {
                return refused;
            }
        }
        panic!("a store without a free page took everything");
    }

    #[tokio::test]
    async fn what_is_committed_after_a_full_disk_is_there_for_everyone() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        let health = store.health();
        limit(&store.writer, 1).await;
        let refused = commit_until_refused(&*journal).await;
        let cause = std::error::Error::source(&refused).unwrap().to_string();
        assert!(cause.contains("full"), "{cause}");
        assert!(health.refusal().unwrap().contains("full"));
        limit(&store.writer, 1_000_000).await;

        for _ in 0..3 {
            let batch = job();
            journal.commit(&batch).await.unwrap();
            assert_eq!(health.refusal(), None);
            let id = batch[0].job;
            let read = journal.records(id, 0, EVERYTHING).await.unwrap();
            assert_eq!(read.len(), batch.len());
        }
        let jobs = "SELECT count(*) AS jobs FROM jobs";
        let counted = Statement::from_string(DbBackend::Sqlite, jobs);
        let outsider = store.backend.readers(NonZeroU32::MIN).await.unwrap();
        let before: i64 = count(&outsider, counted.clone()).await;
        drop((journal, health));
        store.close().await.unwrap();
        assert_eq!(count(&outsider, counted).await, before);
        assert!(before >= 3);
    }

    async fn count(connection: &DatabaseConnection, counted: Statement) -> i64 {
        let row = connection.query_one_raw(counted).await.unwrap().unwrap();
        row.try_get("", "jobs").unwrap()
    }

    #[tokio::test]
    async fn a_write_given_up_half_way_leaves_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        let mut lease = store.writer.lease().await.unwrap();
        let half = "BEGIN IMMEDIATE; UPDATE store_epoch SET epoch = epoch + 7";
        let written = sqlx::raw_sql(half).execute(sqlite(&mut lease)).await;
        written.unwrap();
        drop(lease);
        journal.commit(&job()).await.unwrap();
    }

    #[tokio::test]
    async fn who_is_wrong_about_the_last_position_fails_once_and_overwrites_nothing() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        let first = job();
        journal.commit(&first).await.unwrap();
        let mut lease = store.writer.lease().await.unwrap();
        lease.pens.last_pos = 0;
        lease.give_back();
        let refused = journal.commit(&job()).await.unwrap_err();
        assert!(matches!(refused, JournalError::Store { .. }), "{refused:?}");
        let positions = journal.commit(&job()).await.unwrap();
        assert_eq!(positions[0], first.len() as u64 + 1);
        let kept = journal.records(first[0].job, 0, EVERYTHING).await.unwrap();
        assert_eq!(kept.len(), first.len());
    }

    #[tokio::test]
    async fn a_closed_writer_stays_closed() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await;
        let journal = store.journal();
        store.close().await.unwrap();
        for _ in 0..2 {
            let refused = journal.commit(&job()).await.unwrap_err();
            let cause = std::error::Error::source(&refused).unwrap().to_string();
            assert!(cause.contains("closed"), "{cause}");
        }
    }
}
