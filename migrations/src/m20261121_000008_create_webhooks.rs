//! Where events are sent, and what was sent.

use sea_orm_migration::prelude::*;

const DELIVERY_STATES: [&str; 3] = ["pending", "delivered", "failed"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(endpoints()).await?;
        manager.create_table(deliveries()).await?;
        let by_tenant = Index::create()
            .name("webhook_endpoints_by_tenant")
            .table("webhook_endpoints")
            .col("tenant")
            .col("id")
            .to_owned();
        manager.create_index(by_tenant).await?;
        let by_endpoint = Index::create()
            .name("webhook_deliveries_by_endpoint")
            .table("webhook_deliveries")
            .col("endpoint_id")
            .col("id")
            .to_owned();
        manager.create_index(by_endpoint).await?;
        let due = Index::create()
            .name("webhook_deliveries_due")
            .table("webhook_deliveries")
            .col("next_at")
            .and_where(Expr::col("state").eq("pending"))
            .to_owned();
        manager.create_index(due).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["webhook_deliveries", "webhook_endpoints"] {
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

/// `cursor` is the position up to which records have become deliveries.
fn endpoints() -> TableCreateStatement {
    Table::create()
        .table("webhook_endpoints")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("url").text().not_null())
        .col(ColumnDef::new("event_types").text().not_null())
        .col(ColumnDef::new("secret").text().not_null())
        .col(ColumnDef::new("enabled").boolean().not_null())
        .col(ColumnDef::new("disabled_because").text())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("cursor").big_integer().not_null())
        .col(ColumnDef::new("failing_since").big_integer())
        .to_owned()
}

/// No foreign key: rows are carried to another database table by table.
fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("webhook_deliveries")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("endpoint_id").uuid().not_null())
        .col(ColumnDef::new("event_type").text().not_null())
        .col(
            ColumnDef::new("state")
                .text()
                .not_null()
                .check(Expr::col("state").is_in(DELIVERY_STATES)),
        )
        .col(ColumnDef::new("attempts").big_integer().not_null())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("next_at").big_integer().not_null())
        .col(ColumnDef::new("give_up_at").big_integer().not_null())
        .col(ColumnDef::new("ended_at").big_integer())
        .col(ColumnDef::new("status").integer())
        .col(ColumnDef::new("error").text())
        .col(ColumnDef::new("body").text().not_null())
        .to_owned()
}
