//! The audit log: a chain of records for each tenant, signed checkpoints, and the public keys that signed them.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [records(), checkpoints(), keys()] {
            manager.create_table(table).await?;
        }
        let by_subject = Index::create()
            .name("audit_records_by_subject")
            .table("audit_records")
            .col("subject")
            .to_owned();
        manager.create_index(by_subject).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["audit_keys", "audit_checkpoints", "audit_records"] {
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

fn records() -> TableCreateStatement {
    Table::create()
        .table("audit_records")
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("seq").big_integer().not_null())
        .col(ColumnDef::new("id").uuid().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("principal").text())
        .col(ColumnDef::new("action").text().not_null())
        .col(ColumnDef::new("subject").text())
        .col(ColumnDef::new("body").text().not_null())
        .col(ColumnDef::new("hash").text().not_null())
        .primary_key(Index::create().col("tenant").col("seq"))
        .to_owned()
}

fn checkpoints() -> TableCreateStatement {
    Table::create()
        .table("audit_checkpoints")
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("seq").big_integer().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(ColumnDef::new("hash").text().not_null())
        .col(ColumnDef::new("body").text().not_null())
        .col(ColumnDef::new("signature").text().not_null())
        .primary_key(Index::create().col("tenant").col("seq").col("kind"))
        .to_owned()
}

fn keys() -> TableCreateStatement {
    Table::create()
        .table("audit_keys")
        .col(ColumnDef::new("id").text().not_null().primary_key())
        .col(
            ColumnDef::new("place")
                .big_integer()
                .not_null()
                .unique_key(),
        )
        .col(ColumnDef::new("body").text().not_null())
        .col(ColumnDef::new("signature").text().not_null())
        .to_owned()
}
