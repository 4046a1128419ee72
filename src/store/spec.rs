//! What a store is opened with.

use std::{num::NonZeroU32, path::PathBuf};

use serde::{Deserialize, Serialize};

/// When a commit counts as durable.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Synchronous {
    /// On disk: an acknowledged commit survives a power loss.
    Full,
    /// Handed to the operating system: survives the end of the process, not of the machine.
    Normal,
}

const DATABASE_FILE: &str = "callboard.db";

/// Where and how to open a store.
#[derive(Debug, Clone)]
pub struct StoreSpec {
    pub data_dir: PathBuf,
    /// Address of a PostgreSQL database; None for a SQLite file in the data directory.
    pub url: Option<String>,
    pub synchronous: Synchronous,
    /// Read connections.
    pub readers: NonZeroU32,
}

impl StoreSpec {
    /// The database file, where there is one.
    pub fn database(&self) -> PathBuf {
        self.data_dir.join(DATABASE_FILE)
    }
}
