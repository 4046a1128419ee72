//! The ordered list of migrations.

use sea_orm_migration::prelude::*;

use crate::{
    m20261121_000001_create_journal, m20261121_000002_create_idempotency_keys,
    m20261121_000003_create_supervision_events, m20261121_000004_create_projections,
    m20261121_000005_create_pruning, m20261121_000006_create_auth, m20261121_000007_create_audit,
    m20261121_000008_create_webhooks, m20261121_000010_create_ohlcv, m20261121_000014_enable_users,
    m20261121_000015_size_artifacts,
};

/// Brings a store's schema up or down.
pub struct Migrator;

impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_journal::Migration),
            Box::new(m20261121_000002_create_idempotency_keys::Migration),
            Box::new(m20261121_000003_create_supervision_events::Migration),
            Box::new(m20261121_000004_create_projections::Migration),
            Box::new(m20261121_000005_create_pruning::Migration),
            Box::new(m20261121_000006_create_auth::Migration),
            Box::new(m20261121_000007_create_audit::Migration),
            Box::new(m20261121_000008_create_webhooks::Migration),
            Box::new(m20261121_000010_create_ohlcv::Migration),
            Box::new(m20261121_000014_enable_users::Migration),
            Box::new(m20261121_000015_size_artifacts::Migration),
        ]
    }
}

#[cfg(test)]
mod tests {
    use sea_orm_migration::sea_orm::{Database, DatabaseConnection, Statement};
    use tempfile::TempDir;

    use super::*;

    async fn fresh(dir: &TempDir) -> DatabaseConnection {
        let path = dir.path().join("fresh.db");
        Database::connect(format!("sqlite://{}?mode=rwc", path.display()))
            .await
            .unwrap()
    }

    async fn schema(db: &DatabaseConnection) -> Vec<String> {
        let sql = "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' \
                   AND tbl_name <> 'seaql_migrations' ORDER BY name";
        let rows = db
            .query_all_raw(Statement::from_string(db.get_database_backend(), sql))
            .await
            .unwrap();
        rows.iter()
            .map(|row| row.try_get_by_index(0).unwrap())
            .collect()
    }

    #[tokio::test]
    async fn down_leaves_nothing_and_up_again_gives_the_same_schema() {
        let dir = tempfile::tempdir().unwrap();
        let db = fresh(&dir).await;
        Migrator::up(&db, None).await.unwrap();
        let first = schema(&db).await;
        assert!(
            first.iter().any(|sql| sql.contains("\"job_events\"")),
            "{first:#?}"
        );

        Migrator::down(&db, None).await.unwrap();
        assert_eq!(schema(&db).await, Vec::<String>::new());

        Migrator::up(&db, None).await.unwrap();
        assert_eq!(schema(&db).await, first);
    }

    #[tokio::test]
    async fn each_migration_can_be_undone_by_itself() {
        let dir = tempfile::tempdir().unwrap();
        let db = fresh(&dir).await;
        for _ in Migrator::migrations() {
            let before = schema(&db).await;
            Migrator::up(&db, Some(1)).await.unwrap();
            let after = schema(&db).await;
            assert_ne!(before, after);
            Migrator::down(&db, Some(1)).await.unwrap();
            assert_eq!(schema(&db).await, before);
            Migrator::up(&db, Some(1)).await.unwrap();
            assert_eq!(schema(&db).await, after);
        }
    }

    #[tokio::test]
    async fn a_job_in_an_unknown_state_is_refused() {
        let dir = tempfile::tempdir().unwrap();
        let db = fresh(&dir).await;
        Migrator::up(&db, None).await.unwrap();
        let insert = |state: &str| {
            format!(
                "INSERT INTO jobs (id, tenant, kind, state, done, total, seq, priority, created_at, labels, input) \
                 VALUES (randomblob(16), 'default', 'k', '{state}', 0, 0, 1, 0, 0, '{{}}', '1')"
            )
        };
        db.execute_unprepared(&insert("running")).await.unwrap();
        let refused = db
            .execute_unprepared(&insert("dreaming"))
            .await
            .unwrap_err();
        assert!(
            refused.to_string().contains("CHECK constraint"),
            "{refused}"
        );
    }
}
