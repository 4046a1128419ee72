//! Where one server keeps its state: a temporary folder, and a database on PostgreSQL where that is the store. It outlives
//! the processes that are started on it.

use std::path::{Path, PathBuf};

use tempfile::TempDir;

use super::{database::Database, plan::Store};
use crate::cli::failure::Failure;

const DATA_DIR: &str = "data";

pub struct Site {
    /// Removed with its content in the end.
    dir: TempDir,
    database: Option<Database>,
}

impl Site {
    /// Does `work` on an empty one below `parent` and removes it, however the work ends.
    pub async fn with<T>(
        parent: &Path,
        store: &Store,
        work: impl AsyncFnOnce(&Self) -> Result<T, Failure>,
    ) -> Result<T, Failure> {
        let site = Self::prepare(parent, store).await?;
        let done = work(&site).await;
        let removed = site.remove().await;
        let done = done?;
        removed.map(|()| done)
    }

    async fn prepare(parent: &Path, store: &Store) -> Result<Self, Failure> {
        let dir = tempfile::Builder::new()
            .prefix("callboard-")
            .tempdir_in(parent);
        let dir = dir.map_err(|error| {
            Failure::Failed(format!("make a folder in {}: {error}", parent.display()))
        })?;
        let database = match store {
            Store::Sqlite => None,
            Store::Postgres(server) => Some(Database::create(server).await?),
        };
        Ok(Self { dir, database })
    }

    pub fn dir(&self) -> &Path {
        self.dir.path()
    }

    pub fn data_dir(&self) -> PathBuf {
        self.dir.path().join(DATA_DIR)
    }

    pub fn database(&self) -> Option<&Database> {
        self.database.as_ref()
    }

    async fn remove(self) -> Result<(), Failure> {
        match self.database {
            Some(database) => database.remove().await,
            None => Ok(()),
        }
    }
}
