//! Imported prices, and which files they came from.

use sea_orm_migration::prelude::*;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(ohlcv()).await?;
        manager.create_table(price_imports()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["price_imports", "ohlcv"] {
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

/// `date` is text such as `2015-01-31`: the same in every database, readable, and in order.
fn ohlcv() -> TableCreateStatement {
    Table::create()
        .table("ohlcv")
        .col(ColumnDef::new("source").text().not_null())
        .col(ColumnDef::new("ticker").text().not_null())
        .col(ColumnDef::new("date").text().not_null())
        .col(ColumnDef::new("open").double())
        .col(ColumnDef::new("high").double())
        .col(ColumnDef::new("low").double())
        .col(ColumnDef::new("close").double().not_null())
        .col(ColumnDef::new("adjusted_close").double())
        .col(ColumnDef::new("volume").double())
        .primary_key(Index::create().col("source").col("ticker").col("date"))
        .to_owned()
}

/// `finished` is false while bars are being written, and stays so when that is cut short.
fn price_imports() -> TableCreateStatement {
    Table::create()
        .table("price_imports")
        .col(ColumnDef::new("source").text().not_null())
        .col(ColumnDef::new("sha256").text().not_null())
        .col(ColumnDef::new("file").text().not_null())
        .col(ColumnDef::new("imported_at").big_integer().not_null())
        .col(ColumnDef::new("rows_dropped").big_integer().not_null())
        .col(ColumnDef::new("finished").boolean().not_null())
        .primary_key(Index::create().col("source").col("sha256"))
        .to_owned()
}
