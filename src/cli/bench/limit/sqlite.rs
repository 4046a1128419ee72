//! What SQLite commits through the server's own client with the server's durability.

use std::{
    path::Path,
    time::{Duration, Instant},
};

use sea_orm::sqlx::{
    self, AssertSqlSafe, ConnectOptions, Connection, SqliteConnection,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqliteSynchronous},
};

use super::{BATCH_ROWS, ROW_BYTES, Rows};
use crate::cli::{bench::database::failed, failure::Failure};

/// Pages of log after which a commit also checkpoints: 16 MiB.
const CHECKPOINT_PAGES: &str = "4000";
const TABLE: &str = "CREATE TABLE rows (id INTEGER PRIMARY KEY, payload TEXT NOT NULL)";
const ROW: &str = "INSERT INTO rows (payload) VALUES (?)";

pub async fn measure(dir: &Path, time: Duration) -> Result<Rows, Failure> {
    rows(&dir.join("rows.db"), time)
        .await
        .map_err(failed("measure SQLite"))
}

async fn rows(path: &Path, time: Duration) -> Result<Rows, sqlx::Error> {
    let mut connection = SqliteConnectOptions::new()
        .filename(path)
        .create_if_missing(true)
        .journal_mode(SqliteJournalMode::Wal)
        .synchronous(SqliteSynchronous::Full)
        .pragma("wal_autocheckpoint", CHECKPOINT_PAGES)
        .disable_statement_logging()
        .connect()
        .await?;
    sqlx::raw_sql(TABLE).execute(&mut connection).await?;
    let payload = "x".repeat(ROW_BYTES);
    let single_per_s = single(&mut connection, &payload, time).await?;
    let batched_per_s = batched(&mut connection, &payload, time).await?;
    connection.close().await?;
    Ok(Rows {
        single_per_s,
        batched_per_s,
    })
}

async fn single(
    connection: &mut SqliteConnection,
    payload: &str,
    time: Duration,
) -> Result<f64, sqlx::Error> {
    let (started, mut rows) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        sqlx::query(ROW)
            .bind(payload)
            .execute(&mut *connection)
            .await?;
        rows += 1;
    }
    Ok(rows as f64 / started.elapsed().as_secs_f64())
}

async fn batched(
    connection: &mut SqliteConnection,
    payload: &str,
    time: Duration,
) -> Result<f64, sqlx::Error> {
    let statement = format!("{ROW}{}", ", (?)".repeat(BATCH_ROWS - 1));
    let (started, mut rows) = (Instant::now(), 0_usize);
    while started.elapsed() < time {
        let mut insert = sqlx::query(AssertSqlSafe(statement.as_str()));
        for _ in 0..BATCH_ROWS {
            insert = insert.bind(payload);
        }
        rows += insert.execute(&mut *connection).await?.rows_affected() as usize;
    }
    Ok(rows as f64 / started.elapsed().as_secs_f64())
}
