//! What retention remembers: jobs whose records are still to be removed, and how far the records of a tenant are gone.

use sea_orm_migration::prelude::*;

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
        manager.create_table(tenants).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
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
