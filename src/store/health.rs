//! How well the store is, for whoever asks often.

use std::{io, sync::Arc};

use callboard_orchestra::journal::JournalError;
use sea_orm::{DatabaseConnection, DbBackend, EntityTrait, QuerySelect};

use super::{
    DirArtifacts,
    commit::{begin, failed},
    entity::store_epoch,
    writer::Writer,
};

/// How a full disk shows in the texts of SQLite (SQLITE_FULL) and of the operating system (ENOSPC, as PostgreSQL tells
/// it).
const FULL: [&str; 2] = ["database or disk is full", "No space left on device"];

/// Connections that read. The writer has two of its own beside them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Connections {
    pub in_use: usize,
    pub idle: usize,
    pub max: u32,
}

/// Looks after an open store. Clones share it.
#[derive(Clone)]
pub struct StoreHealth {
    writer: Arc<Writer>,
    readers: DatabaseConnection,
    artifacts: Arc<DirArtifacts>,
    owner: Arc<str>,
    epoch: u64,
}

impl StoreHealth {
    pub(super) fn new(
        writer: Arc<Writer>,
        readers: DatabaseConnection,
        artifacts: Arc<DirArtifacts>,
        owner: Arc<str>,
        epoch: u64,
    ) -> Self {
        Self {
            writer,
            readers,
            artifacts,
            owner,
            epoch,
        }
    }

    /// Which process this is, as the store has its owner.
    pub fn owner(&self) -> &str {
        &self.owner
    }

    /// How many processes have opened the store, this one included.
    pub const fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Reads one column of one row. Errors when the store cannot be read.
    pub async fn probe(&self) -> Result<(), JournalError> {
        let read: Result<Option<i64>, _> = store_epoch::Entity::find()
            .select_only()
            .column(store_epoch::Column::Epoch)
            .into_tuple()
            .one(&self.readers)
            .await;
        read.map(drop).map_err(failed("read the epoch"))
    }

    /// Waits for the connections that write and begins a transaction, which it gives up. Errors when nothing can be written
    /// or another process has taken the store.
    pub async fn probe_writer(&self) -> Result<(), JournalError> {
        let lease = self.writer.lease().await?;
        let txn = begin(&lease, self.epoch).await?;
        let given_up = txn.rollback().await;
        given_up.map_err(failed("give up a transaction"))?;
        lease.put_back();
        Ok(())
    }

    /// Whether the folder of artifacts is there; with `write`, whether a file can be written in it.
    pub async fn probe_artifacts(&self, write: bool) -> io::Result<()> {
        self.artifacts.is_there()?;
        match write {
            true => self.artifacts.probe().await,
            false => Ok(()),
        }
    }

    /// Connections that read, as of this moment.
    pub fn connections(&self) -> Connections {
        let (open, idle, max) = match self.readers.get_database_backend() {
            DbBackend::Postgres => {
                let pool = self.readers.get_postgres_connection_pool();
                (
                    pool.size(),
                    pool.num_idle(),
                    pool.options().get_max_connections(),
                )
            }
            _ => {
                let pool = self.readers.get_sqlite_connection_pool();
                (
                    pool.size(),
                    pool.num_idle(),
                    pool.options().get_max_connections(),
                )
            }
        };
        Connections {
            in_use: (open as usize).saturating_sub(idle),
            idle,
            max,
        }
    }

    /// Why the last commit of records failed; None after one that did not.
    pub fn refusal(&self) -> Option<String> {
        self.writer.refusal()
    }

    /// The last commit of records failed for want of space.
    pub fn is_full(&self) -> bool {
        let refusal = self.writer.refusal();
        refusal.is_some_and(|why| FULL.iter().any(|full| why.contains(full)))
    }
}
