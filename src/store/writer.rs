//! The one connection that writes, lent to one transaction at a time.
//!
//! A connection comes back only from a write that ended well. SQLite ends a transaction by itself when the disk is full or
//! fails, and the connection's own count of open transactions does not hear of it: what it would call a commit from then
//! on is none. So a connection whose write failed, or was given up half way, is closed, and the next write opens another.

use std::path::{Path, PathBuf};

use callboard_orchestra::journal::JournalError;
use sea_orm::{ConnectionTrait, DatabaseConnection, DbErr, RuntimeErr};
use tokio::sync::{MutexGuard, watch};

use super::{Synchronous, connection};

pub struct Writer {
    path: PathBuf,
    synchronous: Synchronous,
    place: Turn,
    /// Why the last commit of records failed; None after one that did not.
    refusal: watch::Sender<Option<String>>,
}

#[expect(
    clippy::disallowed_types,
    reason = "a connection that is given up half way must pass to nobody: the guard goes with whoever held it"
)]
type Turn = tokio::sync::Mutex<Place>;

enum Place {
    Here(DatabaseConnection),
    /// Lent, or lost with the write it was lent to.
    Away,
    Closed,
}

/// The connection for the length of a write. Dropped without `give_back` it is closed.
pub struct Lease<'a> {
    connection: DatabaseConnection,
    place: MutexGuard<'a, Place>,
}

impl Lease<'_> {
    pub fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// The write has ended well.
    pub fn give_back(mut self) {
        *self.place = Place::Here(self.connection);
    }
}

impl Writer {
    pub fn new(path: &Path, synchronous: Synchronous, connection: DatabaseConnection) -> Self {
        Self {
            path: path.to_owned(),
            synchronous,
            place: Turn::new(Place::Here(connection)),
            refusal: watch::Sender::new(None),
        }
    }

    /// Waits until no other write is in hand.
    pub async fn lease(&self) -> Result<Lease<'_>, DbErr> {
        let mut place = self.place.lock().await;
        let connection = match std::mem::replace(&mut *place, Place::Away) {
            Place::Here(connection) => connection,
            Place::Away => connection::writer_again(&self.path, self.synchronous).await?,
            Place::Closed => {
                *place = Place::Closed;
                let closed = RuntimeErr::Internal("the store is closed".to_owned());
                return Err(DbErr::Conn(closed));
            }
        };
        Ok(Lease { connection, place })
    }

    /// Moves the write-ahead log into the database and refuses writes from here on.
    pub async fn close(&self) -> Result<(), DbErr> {
        let mut lease = self.lease().await?;
        *lease.place = Place::Closed;
        lease
            .connection
            .execute_unprepared("PRAGMA wal_checkpoint(TRUNCATE)")
            .await?;
        lease.connection.close_by_ref().await
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
        self.refusal.send_replace(refusal);
    }

    /// Why the last commit of records failed; None after one that did not.
    pub fn refusal(&self) -> Option<String> {
        self.refusal.borrow().clone()
    }
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use callboard_orchestra::{
        Tenant,
        journal::{Journal, Record, conformance},
    };
    use sea_orm::{DbBackend, Statement};

    use super::*;
    use crate::store::{Store, StoreSpec};

    const EVERYTHING: usize = 10_000;

    async fn open(data_dir: &Path) -> Store {
        let spec = StoreSpec {
            data_dir: data_dir.to_owned(),
            synchronous: Synchronous::Full,
            readers: NonZeroU32::new(1).unwrap(),
        };
        Store::open(spec).await.unwrap()
    }

    fn job() -> Vec<Record> {
        conformance::whole_job(&Tenant::default())
    }

    /// Lets the database grow to `pages` at most; where it has more, no page is free, as on a full disk.
    async fn limit(writer: &Writer, pages: u32) {
        let lease = writer.lease().await.unwrap();
        let limit = format!("PRAGMA max_page_count = {pages}");
        lease.connection().execute_unprepared(&limit).await.unwrap();
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
        let outsider = connection::readers(&store.path, NonZeroU32::MIN)
            .await
            .unwrap();
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
        let lease = store.writer.lease().await.unwrap();
        let half = "BEGIN IMMEDIATE; UPDATE store_epoch SET epoch = epoch + 7";
        lease.connection().execute_unprepared(half).await.unwrap();
        drop(lease);
        journal.commit(&job()).await.unwrap();
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
