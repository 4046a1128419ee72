//! Connections to a database file: one that commits records, one for other writes, several that only read.

use std::{
    num::NonZeroU32,
    path::{Path, PathBuf},
    time::Duration,
};

use sea_orm::{
    ConnectOptions as SeaOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        self, ConnectOptions, SqliteConnection,
        sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
    },
};

use crate::store::Synchronous;

/// Patience with another process that looks into the file, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// The write-ahead log is cut back to this after a checkpoint.
const WAL_BYTES_MAX: &str = "67108864";
/// Page cache of the writer in KiB; negative is SQLite's way to say KiB.
const WRITER_CACHE_KIB: &str = "-16384";
/// Statement texts vary with the size of a batch; the most common sizes stay prepared.
const WRITER_STATEMENTS_MAX: usize = 256;

/// A database file and how to write to it.
#[derive(Debug, Clone)]
pub struct SqliteFile {
    pub path: PathBuf,
    pub synchronous: Synchronous,
}

impl SqliteFile {
    /// For writes other than commits of records. Creates the file if there is none and `create` is set: in place of a
    /// connection that is lost an empty file would not be the store.
    pub async fn aside(&self, create: bool) -> Result<DatabaseConnection, DbErr> {
        let file = self.clone();
        connect(1, move |_| file.writing(create)).await
    }

    /// For commits of records.
    pub async fn hot(&self) -> Result<SqliteConnection, sqlx::Error> {
        let options = self
            .writing(false)
            .statement_cache_capacity(WRITER_STATEMENTS_MAX)
            .pragma("cache_size", WRITER_CACHE_KIB)
            // What it writes comes from closed enums.
            .pragma("ignore_check_constraints", "1");
        options.connect().await
    }

    /// For checkpoints, which never wait for readers.
    pub async fn checkpointing(&self) -> Result<SqliteConnection, sqlx::Error> {
        let options = self.writing(false).busy_timeout(Duration::ZERO);
        options.connect().await
    }

    pub async fn readers(&self, connections: NonZeroU32) -> Result<DatabaseConnection, DbErr> {
        let path = self.path.clone();
        connect(connections.get(), move |_| plain(&path).read_only(true)).await
    }

    fn writing(&self, create: bool) -> SqliteConnectOptions {
        let synchronous = match self.synchronous {
            Synchronous::Full => SqliteSynchronous::Full,
            Synchronous::Normal => SqliteSynchronous::Normal,
        };
        plain(&self.path)
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            // The checkpointer's work, not that of the commit that fills the log.
            .pragma("wal_autocheckpoint", "0")
            .pragma("journal_size_limit", WAL_BYTES_MAX)
    }
}

fn plain(path: &Path) -> SqliteConnectOptions {
    SqliteConnectOptions::new()
        .filename(path)
        .foreign_keys(true)
        .busy_timeout(BUSY_TIMEOUT)
        .disable_statement_logging()
}

async fn connect(
    connections: u32,
    configure: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, DbErr> {
    // The URL only chooses the driver: a path may hold characters that a URL gives another meaning.
    let mut options = SeaOptions::new("sqlite://named-below");
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(configure);
    Database::connect(options).await
}

/// The position of the last record that was ever committed. Commits do not write it; whoever removes records notes it.
pub async fn last_pos(connection: &mut SqliteConnection) -> Result<u64, sqlx::Error> {
    let read =
        "SELECT max(last_pos, coalesce((SELECT max(pos) FROM job_events), 0)) FROM store_epoch";
    let last_pos: i64 = sqlx::query_scalar(read).fetch_one(connection).await?;
    Ok(last_pos.unsigned_abs())
}
