//! A copy of the database as of one moment, taken beside the server that owns it: a read transaction of its own sees
//! every commit before it and none after.

use std::{
    io,
    num::NonZeroU32,
    path::{Path, PathBuf},
};

use callboard_migrations::{Migrator, MigratorTrait};
use sea_orm::{
    AccessMode, ColumnTrait, ConnectionTrait, DatabaseConnection, DbBackend, DbErr, EntityTrait,
    IsolationLevel, PaginatorTrait, QueryFilter, Statement, TransactionTrait,
};
use sea_orm_migration::MigrationStatus;

use super::{
    Store, StoreError, StoreSpec, Synchronous,
    backup_rows::{copy_rows, tally},
    entity::{job, store_epoch},
    moving::{begin, last_pos, moved_to},
    postgres::PgServer,
    sqlite::SqliteFile,
};

#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    #[error("there is no database at {}", path.display())]
    NoDatabase { path: PathBuf, source: io::Error },
    #[error("cannot copy database {}", path.display())]
    Copy { path: PathBuf, source: DbErr },
    #[error("cannot copy database {name}")]
    CopyRows { name: String, source: DbErr },
    #[error("the copy of database {name} is not the same as what was read")]
    Differs { name: String },
    #[error("the store of {} was moved {moved}; name it in store.url", path.display())]
    Moved { path: PathBuf, moved: String },
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("cannot read database {}", path.display())]
    Read { path: PathBuf, source: DbErr },
    #[error("database {} is damaged: {finding}", path.display())]
    Damaged { path: PathBuf, finding: String },
    #[error("database {} has no schema", path.display())]
    NoSchema { path: PathBuf },
}

/// What a copy holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Census {
    /// The last migration applied.
    pub schema: String,
    pub epoch: u64,
    pub jobs: u64,
    /// Jobs that have not ended.
    pub live_jobs: u64,
}

/// Writes what a store holds, as of now, into a SQLite file that does not exist so far. The store is left alone: whoever
/// owns it goes on.
pub async fn copy_store(from: &StoreSpec, into: &Path) -> Result<(), BackupError> {
    match &from.url {
        Some(url) => copy_postgres(from, url, into).await,
        None => match moved_to(&from.data_dir) {
            Some(moved) => Err(BackupError::Moved {
                path: from.database(),
                moved,
            }),
            None => copy_file(&from.database(), into).await,
        },
    }
}

/// Row by row, in one transaction that sees one moment.
async fn copy_postgres(from: &StoreSpec, url: &str, into: &Path) -> Result<(), BackupError> {
    let (name, workshop) = (
        PgServer::at(url).map_or_else(|_| "named by store.url".to_owned(), |s| s.to_string()),
        into.with_extension("fresh"),
    );
    let failed = |source| BackupError::CopyRows {
        name: name.clone(),
        source,
    };
    let fresh = StoreSpec {
        data_dir: workshop,
        url: None,
        ..from.clone()
    };
    Store::open(fresh.clone()).await?.close().await?;
    let server = PgServer::at(url).map_err(|source| StoreError::Address { source })?;
    let source = server.readers(NonZeroU32::MIN).await.map_err(failed)?;
    let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
    let source = source
        .begin_with_config(Some(isolation), Some(access))
        .await
        .map_err(failed)?;
    let file = SqliteFile {
        path: fresh.database(),
        synchronous: Synchronous::Full,
    };
    let target = file.aside(false).await.map_err(failed)?;
    let txn = target.begin().await.map_err(failed)?;
    let read = copy_rows(&source, &txn).await.map_err(failed)?;
    let written = tally(&txn).await.map_err(failed)?;
    if read != written {
        return Err(BackupError::Differs { name });
    }
    let owner = store_epoch::Entity::find().one(&source).await;
    let epoch = owner.map_err(failed)?.map_or(0, |owner| owner.epoch);
    let last_pos = last_pos(&source).await.map_err(failed)?;
    let begun = begin(&txn, epoch.unsigned_abs(), last_pos).await;
    begun.map_err(failed)?;
    txn.commit().await.map_err(failed)?;
    target.close().await.map_err(failed)?;
    copy_file(&fresh.database(), into).await
}

async fn copy_file(database: &Path, into: &Path) -> Result<(), BackupError> {
    let readers = open(database).await?;
    let path = database.to_owned();
    let copy = Statement::from_sql_and_values(
        DbBackend::Sqlite,
        "VACUUM INTO ?",
        [into.to_string_lossy().into_owned().into()],
    );
    let copied = readers.execute_raw(copy).await;
    copied.map_err(|source| BackupError::Copy { path, source })?;
    close(readers, database).await
}

/// Checks every page of a database that nobody writes, and counts what is in it.
pub async fn take_census(database: &Path) -> Result<Census, BackupError> {
    let connection = open(database).await?;
    let read = |source| BackupError::Read {
        path: database.to_owned(),
        source,
    };
    let check = Statement::from_string(DbBackend::Sqlite, "PRAGMA integrity_check(1)");
    let row = connection.query_one_raw(check).await.map_err(read)?;
    let finding = row.and_then(|row| row.try_get_by_index::<String>(0).ok());
    let finding = finding.unwrap_or_else(|| "it answers nothing".to_owned());
    if finding != "ok" {
        return Err(BackupError::Damaged {
            path: database.to_owned(),
            finding,
        });
    }
    let no_schema = || BackupError::NoSchema {
        path: database.to_owned(),
    };
    let migrations = Migrator::get_migration_with_status_read_only(&connection).await;
    let applied = migrations
        .map_err(read)?
        .into_iter()
        .rfind(|migration| migration.status() == MigrationStatus::Applied);
    let schema = applied.ok_or_else(no_schema)?.name().to_owned();
    let owner = store_epoch::Entity::find().one(&connection).await;
    let owner = owner.map_err(read)?.ok_or_else(no_schema)?;
    let jobs = job::Entity::find().count(&connection).await.map_err(read)?;
    let finals = ["succeeded", "failed", "cancelled"];
    let live = job::Entity::find().filter(job::Column::State.is_not_in(finals));
    let live_jobs = live.count(&connection).await.map_err(read)?;
    close(connection, database).await?;
    Ok(Census {
        schema,
        epoch: owner.epoch.unsigned_abs(),
        jobs,
        live_jobs,
    })
}

async fn open(database: &Path) -> Result<DatabaseConnection, BackupError> {
    let path = || database.to_owned();
    std::fs::metadata(database).map_err(|source| BackupError::NoDatabase {
        path: path(),
        source,
    })?;
    let file = SqliteFile {
        path: path(),
        synchronous: Synchronous::Full,
    };
    let opened = file.readers(NonZeroU32::MIN).await;
    opened.map_err(|source| BackupError::Read {
        path: path(),
        source,
    })
}

async fn close(connection: DatabaseConnection, database: &Path) -> Result<(), BackupError> {
    let closed = connection.close().await;
    closed.map_err(|source| BackupError::Read {
        path: database.to_owned(),
        source,
    })
}
