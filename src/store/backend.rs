//! The database under a store: a SQLite file, or a database of a PostgreSQL server.

use std::{fmt, num::NonZeroU32};

use sea_orm::{
    DatabaseConnection, DbErr,
    sqlx::{self, Connection, PgConnection, SqliteConnection},
};

use crate::audit::Sealed;

use super::{
    digest::Digest,
    postgres::{self, PgServer},
    refusal::Refusal,
    sqlite::{self, SqliteFile},
};

#[derive(Clone)]
pub enum Backend {
    Sqlite(SqliteFile),
    Postgres(Box<PgServer>),
}

/// As messages name it.
impl fmt::Display for Backend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Sqlite(file) => write!(f, "{}", file.path.display()),
            Self::Postgres(server) => write!(f, "{server}"),
        }
    }
}

impl Backend {
    /// For writes other than commits of records. Creates a file that is not there if `create` is set.
    pub async fn aside(&self, create: bool) -> Result<DatabaseConnection, DbErr> {
        match self {
            Self::Sqlite(file) => file.aside(create).await,
            Self::Postgres(server) => server.aside().await,
        }
    }

    pub async fn readers(&self, connections: NonZeroU32) -> Result<DatabaseConnection, DbErr> {
        match self {
            Self::Sqlite(file) => file.readers(connections).await,
            Self::Postgres(server) => server.readers(connections).await,
        }
    }

    /// For commits of records, with the position of the last record there is.
    pub async fn hot(&self) -> Result<(Hot, u64), sqlx::Error> {
        match self {
            Self::Sqlite(file) => {
                let mut connection = file.hot().await?;
                let last_pos = sqlite::last_pos(&mut connection).await?;
                Ok((Hot::Sqlite(connection), last_pos))
            }
            Self::Postgres(server) => {
                let mut connection = server.hot().await?;
                let last_pos = postgres::last_pos(&mut connection).await?;
                Ok((Hot::Postgres(connection), last_pos))
            }
        }
    }
}

/// The connection that commits records, and does nothing else.
pub enum Hot {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Hot {
    /// Commits a batch after `last_pos` with what it tells the audit log, and answers the last position. After a `Rule` no transaction is open.
    pub async fn commit(
        &mut self,
        epoch: u64,
        last_pos: u64,
        digest: &Digest<'_>,
        told: &[Sealed],
    ) -> Result<u64, Refusal> {
        match self {
            Self::Sqlite(connection) => {
                let committed = sqlite::commit(connection, epoch, last_pos, digest, told).await;
                if let Err(Refusal::Rule(_)) = committed {
                    let rolled_back = sqlx::query("ROLLBACK").execute(connection).await;
                    rolled_back.map_err(Refusal::Failed)?;
                }
                committed.map(|()| last_pos + digest.records)
            }
            Self::Postgres(connection) => {
                let base = postgres::commit(connection, epoch, digest, told).await?;
                Ok(base + digest.records)
            }
        }
    }

    pub async fn close(self) -> Result<(), sqlx::Error> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
        }
    }
}
