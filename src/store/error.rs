//! Why a store does not open or close.

use std::{io, path::PathBuf};

use callboard_orchestra::journal::JournalError;
use sea_orm::{DbErr, RuntimeErr, sqlx};

use super::AuditError;

#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// `owner` says which process, and since when.
    #[error("data directory {} is in use by {owner}", data_dir.display())]
    Owned { data_dir: PathBuf, owner: String },
    /// `owner` says which process, on which machine, and since when.
    #[error("database {name} is in use by {owner}")]
    DatabaseOwned { name: String, owner: String },
    /// `moved` says where to and when.
    #[error(
        "the store of data directory {} was moved {moved}; name it in store.url. If that move did not end well and \
         the database there is empty, remove the file `moved`",
        data_dir.display()
    )]
    Moved { data_dir: PathBuf, moved: String },
    /// Without the address: it holds a password.
    #[error("the address of the store is none of a PostgreSQL database")]
    Address { source: sqlx::Error },
    #[error("cannot use data directory {}", path.display())]
    DataDir { path: PathBuf, source: io::Error },
    #[error("cannot open database {name}")]
    Open { name: String, source: DbErr },
    #[error("database {name} is damaged or is not a database")]
    Damaged { name: String, source: DbErr },
    #[error(
        "database {name} has migration {migration}, which this release does not know: a newer release wrote it"
    )]
    NewerSchema { name: String, migration: String },
    #[error("cannot migrate database {name}")]
    Migrate { name: String, source: DbErr },
    #[error("cannot connect to database {name}")]
    Connect { name: String, source: JournalError },
    #[error("cannot set the audit log up")]
    Audit(#[source] Box<AuditError>),
    #[error("cannot close database {name}")]
    Close { name: String, source: JournalError },
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
