//! A store on its way from the SQLite file of a data directory into a PostgreSQL database, with every job as it stands.
//!
//! The directory's lock is held throughout. Before the copy is committed a marker is left in the directory: from then on
//! its file is not opened any more, so that at no moment two stores can go on with the same jobs.

use std::{
    fs::{self, File},
    io::{self, Write},
    path::{Path, PathBuf},
};

use callboard_orchestra::time::Timestamp;
use sea_orm::{
    ColumnTrait, DatabaseTransaction, DbBackend, DbErr, EntityTrait, QueryFilter, Statement,
    TransactionTrait, sea_query::Expr,
};

use super::{
    BackupError, Census, Store, StoreError, StoreSpec, Synchronous,
    backup::take_census,
    backup_rows::{Tallies, copy_rows, tally},
    entity::store_epoch,
    rows::int,
    sqlite::SqliteFile,
};

const MARKER: &str = "moved";

#[derive(Debug, thiserror::Error)]
pub enum MoveError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Read(#[from] BackupError),
    #[error("database {name} is not empty; a store moves into an empty one")]
    Occupied { name: String },
    #[error("cannot copy into database {name}")]
    Copy { name: String, source: DbErr },
    #[error("table {table} is not the same after the copy; nothing was moved")]
    Differs { table: String },
    #[error("cannot mark {} as moved", path.display())]
    Mark { path: PathBuf, source: io::Error },
}

/// What a move carried.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Moved {
    /// The new store, without its password.
    pub name: String,
    pub jobs: u64,
    pub live_jobs: u64,
    /// Rows of all tables.
    pub rows: u64,
}

/// Moves the SQLite store of `from` to the empty database at `url`. Artifacts stay in the directory.
pub async fn move_store(from: &StoreSpec, url: &str) -> Result<Moved, MoveError> {
    let from = StoreSpec {
        url: None,
        ..from.clone()
    };
    fs::metadata(from.database()).map_err(|source| BackupError::NoDatabase {
        path: from.database(),
        source,
    })?;
    // Brings the file to the schema of this release and its write-ahead log into it.
    Store::open(from.clone()).await?.close().await?;
    let census = take_census(&from.database()).await?;
    let target = Store::open(StoreSpec {
        url: Some(url.to_owned()),
        ..from.clone()
    })
    .await?;
    let name = target.backend.to_string();
    let moved = fill(&from, &target, &name, &census).await;
    let closed = target.close().await;
    let rows = moved?;
    closed?;
    Ok(Moved {
        name,
        jobs: census.jobs,
        live_jobs: census.live_jobs,
        rows,
    })
}

async fn fill(
    from: &StoreSpec,
    target: &Store,
    name: &str,
    census: &Census,
) -> Result<u64, MoveError> {
    let failed = |source| MoveError::Copy {
        name: name.to_owned(),
        source,
    };
    let file = SqliteFile {
        path: from.database(),
        synchronous: Synchronous::Full,
    };
    let source = file.readers(std::num::NonZeroU32::MIN).await;
    let source = source.map_err(failed)?.begin().await.map_err(failed)?;
    let into = target.backend.aside(false).await.map_err(failed)?;
    let txn = into.begin().await.map_err(failed)?;
    let present = tally(&txn).await.map_err(failed)?;
    if present.values().any(|table| table.rows > 0) {
        return Err(MoveError::Occupied {
            name: name.to_owned(),
        });
    }
    let read = copy_rows(&source, &txn).await.map_err(failed)?;
    let written = tally(&txn).await.map_err(failed)?;
    refuse_difference(&read, &written)?;
    let last_pos = last_pos(&source).await.map_err(failed)?;
    let epoch = census.epoch.max(target.epoch()) + 1;
    begin(&txn, epoch, last_pos).await.map_err(failed)?;

    let marker = from.data_dir.join(MARKER);
    mark(&marker, name).map_err(|source| MoveError::Mark {
        path: marker,
        source,
    })?;
    // Should this fail, nobody knows whether it took place: the marker stays, and a person looks.
    txn.commit().await.map_err(failed)?;
    Ok(read.values().map(|table| table.rows).sum())
}

pub(super) fn refuse_difference(read: &Tallies, written: &Tallies) -> Result<(), MoveError> {
    let differs = read
        .iter()
        .find(|(table, tally)| written.get(*table) != Some(tally));
    match differs {
        Some((table, _)) => Err(MoveError::Differs {
            table: table.clone(),
        }),
        None => Ok(()),
    }
}

/// The position of the last record that was ever committed.
pub(super) async fn last_pos(from: &DatabaseTransaction) -> Result<i64, DbErr> {
    use sea_orm::ConnectionTrait;
    let backend: DbBackend = ConnectionTrait::get_database_backend(from);
    let greatest = "SELECT CASE WHEN e.last_pos > j.pos THEN e.last_pos ELSE j.pos END AS last_pos \
         FROM store_epoch e, (SELECT coalesce(max(pos), 0) AS pos FROM job_events) j";
    let row = from
        .query_one_raw(Statement::from_string(backend, greatest))
        .await?;
    let row = row.ok_or_else(|| DbErr::RecordNotFound("row of table store_epoch".to_owned()))?;
    row.try_get("", "last_pos")
}

/// Sets where the copy goes on.
pub(super) async fn begin(
    into: &DatabaseTransaction,
    epoch: u64,
    last_pos: i64,
) -> Result<(), DbErr> {
    let owner = format!("a move since {}", Timestamp::now().rfc3339());
    store_epoch::Entity::update_many()
        .col_expr(store_epoch::Column::Epoch, Expr::value(int(epoch)))
        .col_expr(store_epoch::Column::LastPos, Expr::value(last_pos))
        .col_expr(store_epoch::Column::Owner, Expr::value(owner))
        .filter(store_epoch::Column::Id.eq(store_epoch::ONLY_ROW))
        .exec(into)
        .await
        .map(drop)
}

fn mark(marker: &Path, name: &str) -> io::Result<()> {
    let mut file = File::create_new(marker)?;
    let at = Timestamp::now().rfc3339();
    writeln!(file, "to {name} at {at}")?;
    file.sync_all()?;
    let folder = marker.parent().unwrap_or(Path::new("."));
    File::open(folder)?.sync_all()
}

/// Where the store of a directory has gone; None while it is there.
pub(super) fn moved_to(data_dir: &Path) -> Option<String> {
    let text = fs::read_to_string(data_dir.join(MARKER)).ok()?;
    Some(text.trim().to_owned())
}
