//! Approvals, effects and references to artifacts as rows of their own; snapshots of long jobs.

use sea_orm_migration::{prelude::*, sea_orm::Statement};

const APPROVAL_STATES: [&str; 5] = ["pending", "approved", "rejected", "expired", "withdrawn"];
const EFFECT_STATES: [&str; 5] = ["intended", "succeeded", "failed", "unknown", "resolved"];
const EFFECT_CLASSES: [&str; 3] = ["idempotent", "keyed", "once"];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in [approvals(), effects(), artifact_refs(), job_snapshots()] {
            manager.create_table(table).await?;
        }
        for table in ["approvals", "effects"] {
            manager.create_index(by_tenant(table)).await?;
            manager.create_index(by_job(table)).await?;
        }
        manager.create_index(by_job("artifact_refs")).await?;
        rebuild_jobs_by_tenant(manager, IndexOrder::Asc).await?;
        Ok(())
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        // A release before this reads the last position there alone.
        let remember = "UPDATE store_epoch SET last_pos = (SELECT max(pos) FROM job_events) \
                        WHERE last_pos < (SELECT max(pos) FROM job_events)";
        let statement = Statement::from_string(manager.get_database_backend(), remember);
        manager.get_connection().execute_raw(statement).await?;
        rebuild_jobs_by_tenant(manager, IndexOrder::Desc).await?;
        for table in ["job_snapshots", "artifact_refs", "effects", "approvals"] {
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

/// Ids rise, and an index grows most cheaply at its end. Lists that begin with the newest read it backwards.
async fn rebuild_jobs_by_tenant(
    manager: &SchemaManager<'_>,
    order: IndexOrder,
) -> Result<(), DbErr> {
    const NAME: &str = "jobs_by_tenant";
    let drop = Index::drop().name(NAME).table("jobs").to_owned();
    manager.drop_index(drop).await?;
    let create = Index::create()
        .name(NAME)
        .table("jobs")
        .col("tenant")
        .col(("id", order))
        .to_owned();
    manager.create_index(create).await
}

fn approvals() -> TableCreateStatement {
    Table::create()
        .table("approvals")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("job_id").uuid().not_null())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("task").big_integer().not_null())
        .col(ColumnDef::new("task_name").text().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("why").text().not_null())
        .col(one_of("state", &APPROVAL_STATES))
        .col(ColumnDef::new("requested_at").big_integer().not_null())
        .col(ColumnDef::new("expires_at").big_integer().not_null())
        .col(ColumnDef::new("decided_at").big_integer())
        .col(ColumnDef::new("decided_by").text())
        .col(ColumnDef::new("reason").text())
        .foreign_key(&mut of_job("approvals"))
        .to_owned()
}

fn effects() -> TableCreateStatement {
    Table::create()
        .table("effects")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("job_id").uuid().not_null())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("task").big_integer().not_null())
        .col(ColumnDef::new("task_name").text().not_null())
        .col(ColumnDef::new("role").text().not_null())
        .col(ColumnDef::new("attempt").big_integer().not_null())
        .col(one_of("class", &EFFECT_CLASSES))
        .col(ColumnDef::new("key").text().not_null())
        .col(one_of("state", &EFFECT_STATES))
        .col(ColumnDef::new("intended_at").big_integer().not_null())
        .col(ColumnDef::new("ended_at").big_integer())
        .col(ColumnDef::new("resolved_by").text())
        .col(ColumnDef::new("reason").text())
        .foreign_key(&mut of_job("effects"))
        .to_owned()
}

fn artifact_refs() -> TableCreateStatement {
    Table::create()
        .table("artifact_refs")
        .col(ColumnDef::new("sha256").text().not_null())
        .col(ColumnDef::new("job_id").uuid().not_null())
        .primary_key(Index::create().col("sha256").col("job_id"))
        .foreign_key(&mut of_job("artifact_refs"))
        .to_owned()
}

fn job_snapshots() -> TableCreateStatement {
    Table::create()
        .table("job_snapshots")
        .col(ColumnDef::new("job_id").uuid().not_null().primary_key())
        .col(ColumnDef::new("seq").big_integer().not_null())
        .col(ColumnDef::new("version").integer().not_null())
        .col(ColumnDef::new("text").text().not_null())
        .foreign_key(&mut of_job("job_snapshots"))
        .to_owned()
}

fn one_of(column: &'static str, names: &[&'static str]) -> ColumnDef {
    ColumnDef::new(column)
        .text()
        .not_null()
        .check(Expr::col(column).is_in(names.iter().copied()))
        .to_owned()
}

fn of_job(table: &'static str) -> ForeignKeyCreateStatement {
    ForeignKey::create()
        .name(format!("{table}_job"))
        .from(table, "job_id")
        .to("jobs", "id")
        .on_delete(ForeignKeyAction::Cascade)
        .to_owned()
}

fn by_tenant(table: &'static str) -> IndexCreateStatement {
    Index::create()
        .name(format!("{table}_by_tenant"))
        .table(table)
        .col("tenant")
        .col("id")
        .to_owned()
}

fn by_job(table: &'static str) -> IndexCreateStatement {
    Index::create()
        .name(format!("{table}_by_job"))
        .table(table)
        .col("job_id")
        .to_owned()
}
