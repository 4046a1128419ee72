//! What PostgreSQL commits through the server's own client with its default durability.

use std::time::{Duration, Instant};

use sea_orm::sqlx::{self, Connection, PgConnection};

use super::{BATCH_ROWS, ROW_BYTES, Rows};
use crate::cli::{
    bench::database::{Database, failed},
    failure::Failure,
};

const TABLE: &str = "CREATE TABLE rows (id BIGSERIAL PRIMARY KEY, payload TEXT NOT NULL)";
const ROW: &str = "INSERT INTO rows (payload) VALUES ($1)";
const BATCH: &str = "INSERT INTO rows (payload) SELECT * FROM UNNEST($1::text[])";

pub async fn measure(database: &Database, time: Duration) -> Result<Rows, Failure> {
    let connection = database.connect().await?;
    rows(connection, time)
        .await
        .map_err(failed("measure PostgreSQL"))
}

async fn rows(mut connection: PgConnection, time: Duration) -> Result<Rows, sqlx::Error> {
    sqlx::raw_sql(TABLE).execute(&mut connection).await?;
    let payload = "x".repeat(ROW_BYTES);
    let (started, mut rows) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        let insert = sqlx::query(ROW).bind(&payload);
        rows += insert.execute(&mut connection).await?.rows_affected();
    }
    let single_per_s = rows as f64 / started.elapsed().as_secs_f64();

    let batch = vec![payload; BATCH_ROWS];
    let (started, mut rows) = (Instant::now(), 0_u64);
    while started.elapsed() < time {
        let insert = sqlx::query(BATCH).bind(&batch);
        rows += insert.execute(&mut connection).await?.rows_affected();
    }
    let batched_per_s = rows as f64 / started.elapsed().as_secs_f64();
    connection.close().await?;
    Ok(Rows {
        single_per_s,
        batched_per_s,
    })
}
