//! Whose an artifact is and how large, beside each reference to one, so that what a tenant keeps can be summed up. Of
//! references from before the size is not known and counts as nothing.

use sea_orm_migration::prelude::*;

const TABLE: &str = "artifact_refs";
const BY_TENANT: &str = "artifact_refs_by_tenant";

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let tenant = ColumnDef::new("tenant")
            .text()
            .not_null()
            .default("")
            .to_owned();
        let bytes = ColumnDef::new("bytes")
            .big_integer()
            .not_null()
            .default(0)
            .to_owned();
        for column in [tenant, bytes] {
            let add = Table::alter().table(TABLE).add_column(column).to_owned();
            manager.alter_table(add).await?;
        }
        let name = "UPDATE artifact_refs SET tenant = (SELECT tenant FROM jobs WHERE jobs.id = artifact_refs.job_id)";
        manager.get_connection().execute_unprepared(name).await?;
        let by_tenant = Index::create()
            .name(BY_TENANT)
            .table(TABLE)
            .col("tenant")
            .col("bytes")
            .to_owned();
        manager.create_index(by_tenant).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let drop = Index::drop().name(BY_TENANT).table(TABLE).to_owned();
        manager.drop_index(drop).await?;
        for column in ["bytes", "tenant"] {
            let drop = Table::alter().table(TABLE).drop_column(column).to_owned();
            manager.alter_table(drop).await?;
        }
        Ok(())
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(true)
    }
}
