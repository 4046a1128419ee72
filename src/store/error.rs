//! Why a store does not open or close.

use std::{io, path::PathBuf};

use callboard_orchestra::journal::JournalError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `owner` says which process, and since when.
    #[error("data directory {} is in use by {owner}", data_dir.display())]
    Owned { data_dir: PathBuf, owner: String },
    #[error("cannot use data directory {}", path.display())]
    DataDir { path: PathBuf, source: io::Error },
    #[error("cannot open database {}", path.display())]
    Open { path: PathBuf, source: DbErr },
    #[error("database {} is damaged or is not a database", path.display())]
    Damaged { path: PathBuf, source: DbErr },
    #[error("database {} has migration {migration}, which this release does not know: a newer release wrote it", path.display())]
    NewerSchema { path: PathBuf, migration: String },
    #[error("cannot migrate database {}", path.display())]
    Migrate { path: PathBuf, source: DbErr },
    #[error("cannot connect to database {}", path.display())]
    Connect { path: PathBuf, source: JournalError },
    #[error("cannot close database {}", path.display())]
    Close { path: PathBuf, source: JournalError },
}

/// SQLite's result codes for a file that is no sound database: SQLITE_CORRUPT and SQLITE_NOTADB.
const DAMAGED_CODES: [i32; 2] = [11, 26];
/// The low byte of an extended result code is the primary one.
const PRIMARY_CODE_MASK: i32 = 0xff;

/// True when SQLite itself says that the file is not sound.
pub(super) fn is_damage(error: &DbErr) -> bool {
    let (DbErr::Conn(RuntimeErr::SqlxError(error))
    | DbErr::Exec(RuntimeErr::SqlxError(error))
    | DbErr::Query(RuntimeErr::SqlxError(error))) = error
    else {
        return false;
    };
    let sqlx::Error::Database(error) = &**error else {
        return false;
    };
    let code = error.code().and_then(|code| code.parse::<i32>().ok());
    code.is_some_and(|code| DAMAGED_CODES.contains(&(code & PRIMARY_CODE_MASK)))
}
