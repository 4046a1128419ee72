//! Opening and closing: lock, schema, epoch.

use std::{
    collections::HashSet,
    fs,
    path::PathBuf,
    sync::{Arc, atomic::AtomicU64},
};

use callboard_migrations::{Migrator, MigratorTrait};
use callboard_orchestra::journal::JournalError;
use sea_orm::{
    ColumnTrait, DatabaseConnection, DbErr, EntityTrait, ExprTrait, QueryFilter, sea_query::Expr,
};
use tokio::sync::watch;

use super::{
    AuditLog, AuthStore, DirArtifacts, ImportedPrices, Pruner, RetentionPolicy, SqlJournal,
    StoreError, StoreHealth, StoreSpec,
    backend::Backend,
    commit::failed,
    entity::store_epoch,
    error::is_damage,
    listing::Listing,
    lock::OwnerLock,
    moving::moved_to,
    postgres::{Guard, Hold, PgServer},
    rows::int,
    sqlite::{Checkpointer, SqliteFile},
    webhooks::Webhooks,
    writer::Writer,
};

const ARTIFACTS_DIR: &str = "artifacts";

/// An open store. This process owns its directory, and its database, until `close`, or until the last journal made of
/// it is gone.
pub struct Store {
    pub(super) backend: Backend,
    data_dir: PathBuf,
    pub(super) writer: Arc<Writer>,
    readers: DatabaseConnection,
    lock: Arc<OwnerLock>,
    journal: Arc<SqlJournal>,
    artifacts: Arc<DirArtifacts>,
    attendant: Attendant,
    lost: watch::Sender<bool>,
    epoch: u64,
    audit: AuditLog,
}

/// The thread that looks after the database.
enum Attendant {
    Checkpointer(Checkpointer),
    Guard(Guard),
}

impl Store {
    /// Takes ownership of the directory and the database, creating them if need be, applies missing migrations and
    /// begins a new epoch. Errors when another process owns one of them, when they cannot be used, or when a newer
    /// release wrote them.
    pub async fn open(spec: StoreSpec) -> Result<Self, StoreError> {
        let data_dir_failed = |source| StoreError::DataDir {
            path: spec.data_dir.clone(),
            source,
        };
        fs::create_dir_all(&spec.data_dir).map_err(data_dir_failed)?;
        let lock = Arc::new(OwnerLock::acquire(&spec.data_dir)?);
        let backend = backend(&spec)?;
        let hold = match &backend {
            Backend::Sqlite(_) => {
                refuse_moved(&spec)?;
                None
            }
            Backend::Postgres(server) => Some((server, take(server).await?)),
        };
        let open_failed = |source| open_error(&backend, source);
        let aside = backend.aside(true).await.map_err(open_failed)?;
        migrate(&aside, &backend).await?;
        let begun = begin_epoch(&aside, &lock.owner_for(hold.is_some())).await;
        let epoch = begun.map_err(open_failed)?;
        let readers = backend.readers(spec.readers).await.map_err(open_failed)?;
        let writer = Writer::open(backend.clone(), aside).await;
        let writer = Arc::new(writer.map_err(|source| StoreError::Connect {
            name: backend.to_string(),
            source,
        })?);

        let artifacts_dir = spec.data_dir.join(ARTIFACTS_DIR);
        let artifacts =
            DirArtifacts::open(&artifacts_dir).map_err(|source| StoreError::DataDir {
                path: artifacts_dir,
                source,
            })?;
        let lost = watch::Sender::new(false);
        let attendant = match (&backend, hold) {
            (Backend::Postgres(server), Some((_, hold))) => {
                let (server, epoch) = (server.clone(), int(epoch));
                Guard::start(hold, *server, epoch, lost.clone()).map(Attendant::Guard)
            }
            (Backend::Sqlite(file), _) => {
                Checkpointer::start(file.clone(), &writer).map(Attendant::Checkpointer)
            }
            (Backend::Postgres(_), None) => unreachable!("the database was taken above"),
        };
        let audit = AuditLog::new(writer.clone(), readers.clone(), epoch);
        let journal = SqlJournal::new(
            writer.clone(),
            readers.clone(),
            epoch,
            audit.clone(),
            lock.clone(),
        );
        Ok(Self {
            attendant: attendant.map_err(data_dir_failed)?,
            data_dir: spec.data_dir,
            backend,
            writer,
            readers,
            lock,
            journal: Arc::new(journal),
            artifacts: Arc::new(artifacts),
            lost,
            epoch,
            audit,
        })
    }

    pub fn journal(&self) -> Arc<SqlJournal> {
        self.journal.clone()
    }

    /// Endpoints of webhooks and their deliveries.
    pub fn webhooks(&self) -> Webhooks {
        Webhooks::new(self.writer.clone(), self.readers.clone(), self.epoch)
    }

    /// Lists by filters.
    pub fn listing(&self) -> Listing {
        Listing::new(self.readers.clone())
    }

    pub fn artifacts(&self) -> Arc<DirArtifacts> {
        self.artifacts.clone()
    }

    pub fn auth(&self) -> AuthStore {
        AuthStore::new(self.writer.clone(), self.readers.clone(), self.epoch)
    }

    pub fn prices(&self) -> ImportedPrices {
        ImportedPrices::new(self.writer.clone(), self.readers.clone(), self.epoch)
    }

    pub fn audit(&self) -> AuditLog {
        self.audit.clone()
    }

    pub fn health(&self) -> StoreHealth {
        let is_shared = matches!(self.backend, Backend::Postgres(_));
        let owner = self.lock.owner_for(is_shared).into();
        StoreHealth::new(
            self.writer.clone(),
            self.readers.clone(),
            self.artifacts.clone(),
            owner,
            self.epoch,
        )
    }

    /// Removes what `policy` no longer keeps, when it is told to.
    pub fn pruner(&self, policy: RetentionPolicy) -> Pruner {
        Pruner {
            writer: self.writer.clone(),
            readers: self.readers.clone(),
            artifacts: self.artifacts.clone(),
            epoch: self.epoch,
            policy,
            rounds: AtomicU64::new(0),
            audit: self.audit.clone(),
        }
    }

    /// Turns true when another process has taken the store: this one must end. Whoever learns it first says so here.
    pub fn lost(&self) -> watch::Sender<bool> {
        self.lost.clone()
    }

    /// The database as messages name it, without a password.
    pub fn name(&self) -> String {
        self.backend.to_string()
    }

    /// Number of this opening of the store; 1 is the first.
    pub fn epoch(&self) -> u64 {
        self.epoch
    }

    /// Closes every connection and gives up ownership; on SQLite moves the write-ahead log into the database. Journals
    /// made of this store answer with errors from here on.
    pub async fn close(self) -> Result<(), StoreError> {
        let failed_close = |source: JournalError| StoreError::Close {
            name: self.backend.to_string(),
            source,
        };
        // The lock of a database is given up last.
        let guard = match self.attendant {
            Attendant::Checkpointer(checkpointer) => {
                checkpointer.stop();
                None
            }
            Attendant::Guard(guard) => Some(guard),
        };
        let closed = self.readers.close_by_ref().await;
        let closed = closed.map_err(failed("close the readers"));
        closed.map_err(failed_close)?;
        self.writer.close().await.map_err(failed_close)?;
        if let Some(guard) = guard {
            guard.stop();
        }
        let released = self.lock.release();
        released.map_err(|source| StoreError::DataDir {
            path: self.data_dir,
            source,
        })
    }
}

fn refuse_moved(spec: &StoreSpec) -> Result<(), StoreError> {
    match moved_to(&spec.data_dir) {
        Some(moved) => Err(StoreError::Moved {
            data_dir: spec.data_dir.clone(),
            moved,
        }),
        None => Ok(()),
    }
}

pub(super) fn backend(spec: &StoreSpec) -> Result<Backend, StoreError> {
    let Some(url) = &spec.url else {
        return Ok(Backend::Sqlite(SqliteFile {
            path: spec.database(),
            synchronous: spec.synchronous,
        }));
    };
    let server = PgServer::at(url).map_err(|source| StoreError::Address { source })?;
    Ok(Backend::Postgres(Box::new(server)))
}

/// Takes the lock of a database.
async fn take(server: &PgServer) -> Result<Hold, StoreError> {
    let backend = Backend::Postgres(Box::new(server.clone()));
    let failed = |source| StoreError::Connect {
        name: server.to_string(),
        source: failed("take the lock of the database")(source),
    };
    if let Some(hold) = Hold::take(server).await.map_err(failed)? {
        return Ok(hold);
    }
    let owner = async {
        let connection = backend.aside(false).await?;
        store_epoch::Entity::find().one(&connection).await
    };
    let owner = owner.await.ok().flatten().map(|row| row.owner);
    Err(StoreError::DatabaseOwned {
        name: server.to_string(),
        owner: owner.unwrap_or_else(|| "another process".to_owned()),
    })
}

pub(super) fn open_error(backend: &Backend, source: DbErr) -> StoreError {
    let name = backend.to_string();
    if matches!(backend, Backend::Sqlite(_)) && is_damage(&source) {
        StoreError::Damaged { name, source }
    } else {
        StoreError::Open { name, source }
    }
}

async fn migrate(aside: &DatabaseConnection, backend: &Backend) -> Result<(), StoreError> {
    let migrations = Migrator::migrations();
    let known: HashSet<&str> = migrations
        .iter()
        .map(|migration| migration.name())
        .collect();
    let applied = Migrator::get_migration_models(aside)
        .await
        .map_err(|source| open_error(backend, source))?;
    if let Some(newer) = applied
        .into_iter()
        .find(|applied| !known.contains(applied.version.as_str()))
    {
        return Err(StoreError::NewerSchema {
            name: backend.to_string(),
            migration: newer.version,
        });
    }
    let failed = |source| StoreError::Migrate {
        name: backend.to_string(),
        source,
    };
    Migrator::up(aside, None).await.map_err(failed)
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
    use std::{num::NonZeroU32, path::Path};

    use sea_orm::ConnectionTrait;

    use super::*;
    use crate::store::Synchronous;

    fn spec(data_dir: &Path) -> StoreSpec {
        StoreSpec {
            data_dir: data_dir.to_owned(),
            url: None,
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
