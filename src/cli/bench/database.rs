//! A database of one's own on a PostgreSQL server.

use reqwest::Url;
use sea_orm::sqlx::{self, AssertSqlSafe, Connection, PgConnection};
use uuid::Uuid;

use crate::cli::failure::Failure;

const PREFIX: &str = "bench_of_callboard_";

pub struct Database {
    /// Where it was made.
    server: Url,
    name: String,
    url: Url,
}

pub fn failed(what: &'static str) -> impl FnOnce(sqlx::Error) -> Failure {
    move |error| Failure::Failed(format!("{what}: {error}"))
}

impl Database {
    /// The role of the URL must be allowed to create databases.
    pub async fn create(server: &Url) -> Result<Self, Failure> {
        let name = format!("{PREFIX}{}", Uuid::now_v7().simple());
        execute(server, format!("CREATE DATABASE {name}"))
            .await
            .map_err(failed("create a database"))?;
        let mut url = server.clone();
        url.set_path(&name);
        Ok(Self {
            server: server.clone(),
            name,
            url,
        })
    }

    pub fn url(&self) -> &Url {
        &self.url
    }

    pub async fn connect(&self) -> Result<PgConnection, Failure> {
        PgConnection::connect(self.url.as_str())
            .await
            .map_err(failed("connect to the database"))
    }

    /// Drops it, whoever is connected.
    pub async fn remove(self) -> Result<(), Failure> {
        execute(
            &self.server,
            format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", self.name),
        )
        .await
        .map_err(failed("drop the database"))
    }
}

async fn execute(server: &Url, statement: String) -> Result<(), sqlx::Error> {
    let mut connection = PgConnection::connect(server.as_str()).await?;
    sqlx::raw_sql(AssertSqlSafe(statement))
        .execute(&mut connection)
        .await?;
    connection.close().await
}
