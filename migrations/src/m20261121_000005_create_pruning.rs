//! What retention remembers: jobs whose records are still to be removed, and how far the records of a tenant are gone.
//! On PostgreSQL, room in the pages of jobs.

use sea_orm_migration::{
    prelude::*,
    sea_orm::{DbBackend, Statement},
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let jobs = Table::create()
            .table("pruned_jobs")
            .col(ColumnDef::new("job_id").uuid().not_null().primary_key())
            .to_owned();
        manager.create_table(jobs).await?;
        let tenants = Table::create()
            .table("pruned_tenants")
            .col(ColumnDef::new("tenant").text().not_null().primary_key())
            .col(ColumnDef::new("pos").big_integer().not_null())
            .to_owned();
        manager.create_table(tenants).await?;
        set_jobs_fillfactor(manager, "SET (fillfactor = 50)").await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        set_jobs_fillfactor(manager, "RESET (fillfactor)").await?;
        for table in ["pruned_tenants", "pruned_jobs"] {
            manager
                .drop_table(Table::drop().table(table).to_owned())
                .await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}

/// A job's row is updated a few times soon after it is inserted. PostgreSQL leaves the indexes alone when the new version
/// of a row finds room beside the old.
async fn set_jobs_fillfactor(manager: &SchemaManager<'_>, set: &str) -> Result<(), DbErr> {
    if manager.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let alter = format!("ALTER TABLE jobs {set}");
    let statement = Statement::from_string(DbBackend::Postgres, alter);
    let connection = manager.get_connection();
    connection.execute_raw(statement).await.map(drop)
}
