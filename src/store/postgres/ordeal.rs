//! PostgreSQL gone, back, and taken by another process, seen through the store.

use std::{num::NonZeroU32, path::Path, time::Duration};

use callboard_migrations::{Migrator, MigratorTrait};
use callboard_orchestra::{
    Tenant,
    journal::{Journal, JournalError, Record, conformance},
};
use sea_orm::{ConnectionTrait, Database, DatabaseConnection, DbBackend, Statement};
use tempfile::TempDir;

use super::testing::{self, Server};
use crate::store::{Store, StoreError, StoreSpec, Synchronous};

const EVERYTHING: usize = 10_000;
/// More than the guard takes to notice.
const NOTICED_MAX: Duration = Duration::from_secs(30);

fn spec(data_dir: &Path, url: &str) -> StoreSpec {
    StoreSpec {
        data_dir: data_dir.to_owned(),
        url: Some(url.to_owned()),
        synchronous: Synchronous::Full,
        readers: NonZeroU32::new(2).unwrap(),
    }
}

fn dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

fn job() -> Vec<Record> {
    conformance::whole_job(&Tenant::default())
}

async fn execute(url: &str, sql: &str) {
    let connection = Database::connect(url).await.unwrap();
    connection.execute_unprepared(sql).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn a_second_process_is_refused_by_the_name_of_the_first() {
    let Some(url) = testing::database().await else {
        return;
    };
    let (one, other) = (dir(), dir());
    let store = Store::open(spec(one.path(), &url)).await.unwrap();
    let refused = Store::open(spec(other.path(), &url)).await.err().unwrap();
    let named = format!("process {} since 20", std::process::id());
    assert!(refused.to_string().contains(&named), "{refused}");
    assert!(matches!(refused, StoreError::DatabaseOwned { .. }));
    store.close().await.unwrap();
    let store = Store::open(spec(other.path(), &url)).await.unwrap();
    assert_eq!(store.epoch(), 2);
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_database_whose_epoch_has_passed_takes_nothing() {
    let Some(url) = testing::database().await else {
        return;
    };
    let dir = dir();
    let store = Store::open(spec(dir.path(), &url)).await.unwrap();
    let journal = store.journal();
    execute(&url, "UPDATE store_epoch SET epoch = epoch + 1").await;
    let batch = job();
    let fenced = journal.commit(&batch).await;
    assert!(
        matches!(fenced, Err(JournalError::Fenced { epoch: 1 })),
        "{fenced:?}"
    );
    let records = journal.records(batch[0].job, 0, EVERYTHING).await.unwrap();
    assert_eq!(records, []);
    store.close().await.unwrap();
}

#[tokio::test]
async fn what_was_acknowledged_before_the_server_died_is_there_when_it_is_back() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let url = server.url("postgres");
    let dir = dir();
    let store = Store::open(spec(dir.path(), &url)).await.unwrap();
    let journal = store.journal();
    let mut acknowledged = Vec::new();
    for _ in 0..3 {
        for _ in 0..20 {
            let batch = job();
            journal.commit(&batch).await.unwrap();
            acknowledged.push(batch);
        }
        server.kill();
        let refused = journal.commit(&job()).await.unwrap_err();
        assert!(matches!(refused, JournalError::Store { .. }), "{refused:?}");
        assert!(store.health().refusal().is_some());
        assert!(store.health().probe().await.is_err());
        server.resume();
        let batch = job();
        journal.commit(&batch).await.unwrap();
        acknowledged.push(batch);
        assert_eq!(store.health().refusal(), None);
        for batch in &acknowledged {
            let stored = journal.records(batch[0].job, 0, EVERYTHING).await.unwrap();
            assert_eq!(stored.len(), batch.len());
        }
    }
    assert!(!*store.lost().borrow());
    store.close().await.unwrap();
}

#[tokio::test]
async fn a_process_that_lost_its_lock_to_another_learns_that_the_store_is_lost() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let url = server.url("postgres");
    let (one, other) = (dir(), dir());
    let store = Store::open(spec(one.path(), &url)).await.unwrap();
    let mut lost = store.lost().subscribe();
    server.kill();
    server.resume();
    // Whoever is first has the lock; the guard, which waits a second between two looks, is not.
    let thief = Store::open(spec(other.path(), &url)).await.unwrap();
    let noticed = tokio::time::timeout(NOTICED_MAX, lost.wait_for(|lost| *lost)).await;
    noticed.unwrap().unwrap();
    // The first commit finds its connection dead, as any does after the server has died.
    store.journal().commit(&job()).await.unwrap_err();
    let fenced = store.journal().commit(&job()).await;
    assert!(
        matches!(fenced, Err(JournalError::Fenced { epoch: 1 })),
        "{fenced:?}"
    );
    thief.journal().commit(&job()).await.unwrap();
    thief.close().await.unwrap();
}

#[tokio::test]
async fn a_lock_that_is_lost_is_taken_again() {
    let Some(mut server) = Server::start() else {
        return;
    };
    let url = server.url("postgres");
    let (one, other) = (dir(), dir());
    let store = Store::open(spec(one.path(), &url)).await.unwrap();
    server.kill();
    server.resume();
    let held = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory'";
    let admin = Database::connect(&url).await.unwrap();
    let regained = async {
        let held = Statement::from_string(DbBackend::Postgres, held);
        while admin.query_one_raw(held.clone()).await.unwrap().is_none() {}
    };
    tokio::time::timeout(NOTICED_MAX, regained).await.unwrap();
    let refused = Store::open(spec(other.path(), &url)).await.err().unwrap();
    assert!(
        matches!(refused, StoreError::DatabaseOwned { .. }),
        "{refused}"
    );
    assert!(!*store.lost().borrow());
    store.journal().commit(&job()).await.unwrap_err();
    store.journal().commit(&job()).await.unwrap();
    store.close().await.unwrap();
}

/// Tables, columns, constraints and indexes as text.
async fn schema(connection: &DatabaseConnection) -> Vec<String> {
    let read = "SELECT format('%s.%s %s %s', table_name, column_name, data_type, is_nullable) FROM information_schema.columns \
                WHERE table_schema = 'public' AND table_name <> 'seaql_migrations' \
                UNION ALL SELECT indexdef FROM pg_indexes \
                WHERE schemaname = 'public' AND tablename <> 'seaql_migrations' \
                UNION ALL SELECT format('%s %s', conrelid::regclass, pg_get_constraintdef(oid)) FROM pg_constraint \
                WHERE connamespace = 'public'::regnamespace AND conrelid <> 'seaql_migrations'::regclass ORDER BY 1";
    let statement = Statement::from_string(DbBackend::Postgres, read);
    let rows = connection.query_all_raw(statement).await.unwrap();
    let text = rows.iter().map(|row| row.try_get_by_index(0).unwrap());
    text.collect()
}

#[tokio::test]
async fn each_migration_can_be_undone_by_itself_on_postgresql_too() {
    let Some(url) = testing::database().await else {
        return;
    };
    let connection = Database::connect(&url).await.unwrap();
    Migrator::install(&connection).await.unwrap();
    for _ in Migrator::migrations() {
        let before = schema(&connection).await;
        Migrator::up(&connection, Some(1)).await.unwrap();
        let after = schema(&connection).await;
        assert_ne!(before, after);
        Migrator::down(&connection, Some(1)).await.unwrap();
        assert_eq!(schema(&connection).await, before);
        Migrator::up(&connection, Some(1)).await.unwrap();
        assert_eq!(schema(&connection).await, after);
    }
    Migrator::down(&connection, None).await.unwrap();
    assert_eq!(schema(&connection).await, Vec::<String>::new());
    connection.close().await.unwrap();
}

#[tokio::test]
async fn text_with_a_character_zero_is_kept_without_it() {
    let Some(url) = testing::database().await else {
        return;
    };
    let dir = dir();
    let store = Store::open(spec(dir.path(), &url)).await.unwrap();
    let mut batch = job();
    batch[0].remember = Some(callboard_orchestra::journal::Remembered {
        key: "a\0b".to_owned(),
        body_sha256: String::new(),
        job: batch[0].job,
        expires_at: batch[0].at,
    });
    store.journal().commit(&batch).await.unwrap();
    store.close().await.unwrap();
}
