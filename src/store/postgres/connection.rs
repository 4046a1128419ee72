//! Connections to a PostgreSQL database.

use std::{fmt, num::NonZeroU32, sync::Arc, time::Duration};

use sea_orm::{
    ConnectOptions as SeaOptions, Database, DatabaseConnection, DbErr,
    sqlx::{
        self, ConnectOptions, PgConnection,
        postgres::{PgConnectOptions, Postgres},
    },
};

/// Time for a connection to be made.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// A connection that reads nothing for so long is let go.
const IDLE_TIMEOUT: Duration = Duration::from_secs(600);
/// How the writing statement is planned: once, and by index whatever the tables held at that moment.
const PLANNING: [(&str, &str); 5] = [
    ("plan_cache_mode", "force_generic_plan"),
    ("enable_seqscan", "off"),
    ("enable_hashjoin", "off"),
    ("enable_mergejoin", "off"),
    ("jit", "off"),
];

/// A database of a server, and how to reach it.
#[derive(Clone)]
pub struct PgServer {
    options: Arc<PgConnectOptions>,
}

/// Without the password.
impl fmt::Display for PgServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let options = &self.options;
        let database = options.get_database().unwrap_or(options.get_username());
        match options.get_socket() {
            Some(socket) => write!(f, "postgres:{}/{database}", socket.display()),
            None => {
                let (host, port) = (options.get_host(), options.get_port());
                write!(f, "postgres://{host}:{port}/{database}")
            }
        }
    }
}

impl PgServer {
    /// Errors when `url` is no address of a PostgreSQL database.
    pub fn at(url: &str) -> Result<Self, sqlx::Error> {
        let options: PgConnectOptions = url.parse()?;
        let options = options
            .application_name("callboard")
            .disable_statement_logging()
            .options([("synchronous_commit", "on")]);
        let options = Arc::new(options);
        Ok(Self { options })
    }

    fn options(&self) -> PgConnectOptions {
        PgConnectOptions::clone(&self.options)
    }

    /// For commits of records.
    pub async fn hot(&self) -> Result<PgConnection, sqlx::Error> {
        connect(self.options().options(PLANNING)).await
    }

    /// For the lock, and for whatever needs a connection to itself.
    pub async fn single(&self) -> Result<PgConnection, sqlx::Error> {
        connect(self.options()).await
    }

    /// For writes other than commits of records.
    pub async fn aside(&self) -> Result<DatabaseConnection, DbErr> {
        self.pool(NonZeroU32::MIN).await
    }

    pub async fn readers(&self, connections: NonZeroU32) -> Result<DatabaseConnection, DbErr> {
        self.pool(connections).await
    }

    async fn pool(&self, connections: NonZeroU32) -> Result<DatabaseConnection, DbErr> {
        let own = self.options();
        let mut options = SeaOptions::new("postgres://named-below");
        options
            .max_connections(connections.get())
            .acquire_timeout(CONNECT_TIMEOUT)
            .idle_timeout(Some(IDLE_TIMEOUT))
            .max_lifetime(None)
            .sqlx_logging(false)
            .map_sqlx_postgres_opts(move |_| own.clone());
        Database::connect(options).await
    }
}

async fn connect(options: PgConnectOptions) -> Result<PgConnection, sqlx::Error> {
    let connected = tokio::time::timeout(CONNECT_TIMEOUT, options.connect()).await;
    connected.unwrap_or(Err(sqlx::Error::PoolTimedOut))
}

/// The position of the last record that was ever committed.
pub async fn last_pos(connection: &mut PgConnection) -> Result<u64, sqlx::Error> {
    let read = "SELECT greatest(last_pos, coalesce((SELECT max(pos) FROM job_events), 0)) FROM store_epoch";
    let last_pos: i64 = sqlx::query_scalar::<Postgres, _>(read)
        .fetch_one(connection)
        .await?;
    Ok(last_pos.unsigned_abs())
}
