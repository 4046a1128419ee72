//! Opening and closing: lock, schema, epoch.

use std::{collections::HashSet, fs, path::Path, sync::Arc};

use callboard_migrations::{Migrator, MigratorTrait};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};

use super::{
    DirArtifacts, SqlJournal, StoreError, StoreHealth, StoreSpec,
    entity::store_epoch,
    error::is_damage,
    lock::OwnerLock,
    sqlite::{Checkpointer, SqliteFile},
    writer::Writer,
};

const ARTIFACTS_DIR: &str = "artifacts";

/// An open store. This process owns its directory until `close`, or until the last journal made of it is gone.
pub struct Store {
    pub(super) file: SqliteFile,
    pub(super) writer: Arc<Writer>,
    readers: DatabaseConnection,
    lock: Arc<OwnerLock>,
    journal: Arc<SqlJournal>,
    artifacts: Arc<DirArtifacts>,
    checkpointer: Checkpointer,
    epoch: u64,
}

impl Store {
    /// Takes ownership of the directory, creating it if need be, applies missing migrations and begins a new epoch.
    /// Errors when another process owns it, when it cannot be used, or when a newer release wrote it.
    pub async fn open(spec: StoreSpec) -> Result<Self, StoreError> {
        let data_dir_failed = |source| StoreError::DataDir {
            path: spec.data_dir.clone(),
            source,
        };
        fs::create_dir_all(&spec.data_dir).map_err(data_dir_failed)?;
        let lock = Arc::new(OwnerLock::acquire(&spec.data_dir)?);
        let file = SqliteFile {
            path: spec.database(),
            synchronous: spec.synchronous,
        };
        let open_failed = |source| open_error(&file.path, source);

        let aside = file.aside(true).await.map_err(open_failed)?;
        migrate(&aside, &file.path).await?;
        let epoch = begin_epoch(&aside, lock.owner())
            .await
            .map_err(open_failed)?;
        let readers = file.readers(spec.readers).await.map_err(open_failed)?;
        let writer = Writer::open(file.clone(), aside).await;
        let writer = writer.map_err(|source| StoreError::Connect {
            path: file.path.clone(),
            source,
        })?;

        let artifacts_dir = spec.data_dir.join(ARTIFACTS_DIR);
        let artifacts =
            DirArtifacts::open(&artifacts_dir).map_err(|source| StoreError::DataDir {
                path: artifacts_dir,
                source,
            })?;
        let writer = Arc::new(writer);
        let checkpointer = Checkpointer::start(file.clone(), &writer).map_err(data_dir_failed)?;
        let journal = SqlJournal::new(writer.clone(), readers.clone(), epoch, lock.clone());
        Ok(Self {
            file,
            writer,
            readers,
            lock,
            journal: Arc::new(journal),
            artifacts: Arc::new(artifacts),
            checkpointer,
            epoch,
        })
    }

    pub fn journal(&self) -> Arc<SqlJournal> {
        self.journal.clone()
    }

    pub fn artifacts(&self) -> Arc<DirArtifacts> {
        self.artifacts.clone()
    }

    pub fn health(&self) -> StoreHealth {
        StoreHealth::new(self.writer.clone(), self.readers.clone())
    }

    /// Number of this opening of the store; 1 is the first.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Moves the write-ahead log into the database, closes every connection and gives up ownership. Journals made of
    /// this store answer with errors from here on.
    pub async fn close(self) -> Result<(), StoreError> {
        let path = self.file.path;
        self.checkpointer.stop();
        let failed = |source| StoreError::Close {
            path: path.clone(),
            source,
        };
        let closed = self.readers.close_by_ref().await;
        closed
            .map_err(super::commit::failed("close the readers"))
            .map_err(failed)?;
        self.writer.close().await.map_err(failed)?;
        let released = self.lock.release();
        released.map_err(|source| StoreError::DataDir { path, source })
    }
}

fn open_error(path: &Path, source: DbErr) -> StoreError {
    let path = path.to_owned();
    if is_damage(&source) {
        StoreError::Damaged { path, source }
    } else {
        StoreError::Open { path, source }
    }
}

async fn migrate(writer: &DatabaseConnection, path: &Path) -> Result<(), StoreError> {
    let migrations = Migrator::migrations();
    let known: HashSet<&str> = migrations
        .iter()
        .map(|migration| migration.name())
        .collect();
    let applied = Migrator::get_migration_models(writer)
        .await
        .map_err(|source| open_error(path, source))?;
    if let Some(newer) = applied
        .into_iter()
        .find(|applied| !known.contains(applied.version.as_str()))
    {
        return Err(StoreError::NewerSchema {
            path: path.to_owned(),
            migration: newer.version,
        });
    }
    let failed = |source| StoreError::Migrate {
        path: path.to_owned(),
        source,
    };
    Migrator::up(writer, None).await.map_err(failed)
}

async fn begin_epoch(writer: &DatabaseConnection, owner: &str) -> Result<u64, DbErr> {
    let begun = store_epoch::Entity::update_many()
        .col_expr(
            store_epoch::Column::Epoch,
            Expr::col(store_epoch::Column::Epoch).add(1),
        )
        .col_expr(store_epoch::Column::Owner, Expr::value(owner))
        .filter(store_epoch::Column::Id.eq(store_epoch::ONLY_ROW))
        .exec_with_returning(writer)
        .await?;
    let row = begun
        .first()
        .ok_or_else(|| DbErr::RecordNotFound("row of table store_epoch".to_owned()))?;
    Ok(row.epoch.unsigned_abs())
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU32;

    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::store::Synchronous;

    fn spec(data_dir: &Path) -> StoreSpec {
        StoreSpec {
            data_dir: data_dir.to_owned(),
            synchronous: Synchronous::Full,
            readers: NonZeroU32::MIN,
        }
    }

    async fn open(data_dir: &Path) -> Result<Store, StoreError> {
        Store::open(spec(data_dir)).await
    }

    async fn refusal(data_dir: &Path) -> StoreError {
        open(data_dir).await.map(|store| store.epoch()).unwrap_err()
    }

    #[tokio::test]
    async fn a_second_owner_is_refused_by_name_until_the_first_closes() {
        let dir = tempfile::tempdir().unwrap();
        let data_dir = dir.path().join("made/below");
        let store = open(&data_dir).await.unwrap();
        let refused = refusal(&data_dir).await;
        assert!(matches!(refused, StoreError::Owned { .. }), "{refused:?}");
        let named = format!("process {} since 20", std::process::id());
        assert!(refused.to_string().contains(&named), "{refused}");

        let _journal = store.journal();
        store.close().await.unwrap();
        assert_eq!(open(&data_dir).await.unwrap().epoch(), 2);
    }

    #[tokio::test]
    async fn a_journal_keeps_its_store_owned() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.unwrap();
        let journal = store.journal();
        drop(store);
        assert!(matches!(
            refusal(dir.path()).await,
            StoreError::Owned { .. }
        ));
        drop(journal);
        open(dir.path()).await.unwrap();
    }

    #[tokio::test]
    async fn closing_leaves_no_write_ahead_log() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.unwrap();
        let log = dir.path().join("callboard.db-wal");
        assert!(fs::metadata(&log).unwrap().len() > 0);
        store.close().await.unwrap();
        assert_eq!(fs::metadata(&log).map_or(0, |log| log.len()), 0);
    }

    #[tokio::test]
    async fn a_newer_schema_is_refused_and_left_as_it_is() {
        let dir = tempfile::tempdir().unwrap();
        let store = open(dir.path()).await.unwrap();
        let future = "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m20991231_000001_dream', 0)";
        let lease = store.writer.lease().await.unwrap();
        lease.pens.aside.execute_unprepared(future).await.unwrap();
        lease.give_back();
        store.close().await.unwrap();
        for _ in 0..2 {
            let refused = refusal(dir.path()).await;
            assert!(
                matches!(&refused, StoreError::NewerSchema { migration, .. } if migration.contains("dream"))
            );
            assert!(!refused.to_string().contains('\n'), "{refused}");
        }
    }

    #[tokio::test]
    async fn a_file_that_is_no_database_is_called_damaged() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(
            spec(dir.path()).database(),
            "plain text, and more of it than a header has ".repeat(100),
        )
        .unwrap();
        let refused = refusal(dir.path()).await;
        assert!(matches!(refused, StoreError::Damaged { .. }), "{refused:?}");
    }

    #[tokio::test]
    async fn a_data_directory_that_is_a_file_is_refused_in_one_line() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let refused = refusal(&file).await;
        assert!(matches!(refused, StoreError::DataDir { .. }), "{refused:?}");
        assert!(!refused.to_string().contains('\n'), "{refused}");
    }

    #[tokio::test]
    async fn a_path_may_hold_any_character() {
        let dir = tempfile::tempdir().unwrap();
        open(&dir.path().join("50% of? what #1"))
            .await
            .unwrap()
            .close()
            .await
            .unwrap();
        assert!(
            spec(&dir.path().join("50% of? what #1"))
                .database()
                .is_file()
        );
    }
}
