//! What was answered to each idempotency key, until it expires.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let table = Table::create()
            .table("idempotency_keys")
            .col(ColumnDef::new("tenant").text().not_null())
            .col(ColumnDef::new("key").text().not_null())
            .col(ColumnDef::new("body_sha256").text().not_null())
            .col(ColumnDef::new("job_id").uuid().not_null())
            .col(ColumnDef::new("expires_at").big_integer().not_null())
            .primary_key(Index::create().col("tenant").col("key"))
            .foreign_key(
                ForeignKey::create()
                    .name("idempotency_keys_job")
                    .from("idempotency_keys", "job_id")
                    .to("jobs", "id")
                    .on_delete(ForeignKeyAction::Cascade),
            )
            .to_owned();
        manager.create_table(table).await?;
        for column in ["expires_at", "job_id"] {
            let index = Index::create()
                .name(format!("idempotency_keys_by_{column}"))
                .table("idempotency_keys")
                .col(column)
                .to_owned();
            manager.create_index(index).await?;
        }
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager
            .drop_table(Table::drop().table("idempotency_keys").to_owned())
            .await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
