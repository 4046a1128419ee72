//! Users who may not log in, and users by their ids.

use sea_orm_migration::prelude::*;

const BY_ID: &str = "users_by_id";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let enabled = ColumnDef::new("enabled")
            .boolean()
            .not_null()
            .default(true)
            .to_owned();
        let add = Table::alter().table("users").add_column(enabled).to_owned();
        manager.alter_table(add).await?;
        let by_id = Index::create()
            .name(BY_ID)
            .table("users")
            .col("id")
            .unique()
            .to_owned();
        manager.create_index(by_id).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = Index::drop().name(BY_ID).table("users").to_owned();
        manager.drop_index(drop).await?;
        let drop = Table::alter()
            .table("users")
            .drop_column("enabled")
            .to_owned();
        manager.alter_table(drop).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
