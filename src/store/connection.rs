//! Connections: one that writes, several that only read.

use std::{num::NonZeroU32, path::Path, time::Duration};

use sea_orm::{
    ConnectOptions, Database, DatabaseConnection, DbErr,
    sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::Synchronous;

/// Patience with another process that looks into the file, such as a backup.
const BUSY_TIMEOUT: Duration = Duration::from_secs(5);
const ACQUIRE_TIMEOUT: Duration = Duration::from_secs(30);
/// Pages of write-ahead log after which a commit also checkpoints; 16 MiB at SQLite's 4 KiB pages.
const CHECKPOINT_PAGES: &str = "4000";
/// The write-ahead log is cut back to this after a checkpoint.
const WAL_BYTES_MAX: &str = "67108864";
/// Page cache of the writer in KiB; negative is SQLite's way to say KiB.
const WRITER_CACHE_KIB: &str = "-16384";
/// Statement texts vary with the size of a batch; the most common sizes stay prepared.
const WRITER_STATEMENTS_MAX: usize = 256;

/// The one connection that writes; creates the file if there is none.
pub async fn writer(path: &Path, synchronous: Synchronous) -> Result<DatabaseConnection, DbErr> {
    writing(path, synchronous, true).await
}

/// In place of one that is lost. A file that is gone stays gone: an empty one would not be the store.
pub async fn writer_again(
    path: &Path,
    synchronous: Synchronous,
) -> Result<DatabaseConnection, DbErr> {
    writing(path, synchronous, false).await
}

async fn writing(
    path: &Path,
    synchronous: Synchronous,
    create: bool,
) -> Result<DatabaseConnection, DbErr> {
    let synchronous = match synchronous {
        Synchronous::Full => SqliteSynchronous::Full,
        Synchronous::Normal => SqliteSynchronous::Normal,
    };
    connect(path, 1, move |options| {
        options
            .create_if_missing(create)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(synchronous)
            .statement_cache_capacity(WRITER_STATEMENTS_MAX)
            .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
            .pragma("journal_size_limit", WAL_BYTES_MAX)
            .pragma("cache_size", WRITER_CACHE_KIB)
    })
    .await
}

pub async fn readers(path: &Path, connections: NonZeroU32) -> Result<DatabaseConnection, DbErr> {
    connect(path, connections.get(), |options| options.read_only(true)).await
}

async fn connect(
    path: &Path,
    connections: u32,
    configure: impl Fn(SqliteConnectOptions) -> SqliteConnectOptions + Send + Sync + 'static,
) -> Result<DatabaseConnection, DbErr> {
    let path = path.to_owned();
    // The URL only chooses the driver: a path may hold characters that a URL gives another meaning.
    let mut options = ConnectOptions::new("sqlite://named-below");
    options
        .max_connections(connections)
        .acquire_timeout(ACQUIRE_TIMEOUT)
        .idle_timeout(None)
        .max_lifetime(None)
        .test_before_acquire(false)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |options| {
            configure(
                options
                    .filename(&path)
                    .foreign_keys(true)
                    .busy_timeout(BUSY_TIMEOUT),
            )
        });
    Database::connect(options).await
}
