//! The journal: owner and position of the store, records, and the one projection written with them.

use sea_orm_migration::prelude::*;

const STATES: [&str; 9] = [
    "queued",
    "planning",
    "running",
    "waiting",
    "aggregating",
    "validating",
    "succeeded",
    "failed",
    "cancelled",
];

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(store_epoch()).await?;
        let only_row = Query::insert()
            .into_table("store_epoch")
            .columns(["id", "epoch", "last_pos", "owner"])
            .values_panic([1.into(), 0.into(), 0.into(), "".into()])
            .to_owned();
        manager.execute(only_row).await?;
        manager.create_table(jobs()).await?;
        manager.create_index(jobs_by_tenant()).await?;
        manager.create_index(jobs_live()).await?;
        manager.create_table(job_events()).await?;
        manager.create_index(job_events_by_job()).await?;
        manager.create_index(job_events_by_tenant()).await
    }

    async fn down(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        for table in ["job_events", "jobs", "store_epoch"] {
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

/// `last_pos` lies here and not in max(pos), so that a pruned journal never hands out a position twice.
fn store_epoch() -> TableCreateStatement {
    Table::create()
        .table("store_epoch")
        .col(
            ColumnDef::new("id")
                .integer()
                .not_null()
                .primary_key()
                .check(Expr::col("id").eq(1)),
        )
        .col(ColumnDef::new("epoch").big_integer().not_null())
        .col(ColumnDef::new("last_pos").big_integer().not_null())
        .col(ColumnDef::new("owner").text().not_null())
        .to_owned()
}

/// Payloads come last: a row is read from its start, and short columns should not lie behind long ones.
fn jobs() -> TableCreateStatement {
    Table::create()
        .table("jobs")
        .col(ColumnDef::new("id").uuid().not_null().primary_key())
        .col(ColumnDef::new("seq").big_integer().not_null())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("kind").text().not_null())
        .col(
            ColumnDef::new("state")
                .text()
                .not_null()
                .check(Expr::col("state").is_in(STATES)),
        )
        .col(ColumnDef::new("waiting_for").text())
        .col(ColumnDef::new("done").big_integer().not_null())
        .col(ColumnDef::new("total").big_integer().not_null())
        .col(ColumnDef::new("priority").small_integer().not_null())
        .col(ColumnDef::new("deadline").big_integer())
        .col(ColumnDef::new("created_at").big_integer().not_null())
        .col(ColumnDef::new("started_at").big_integer())
        .col(ColumnDef::new("finished_at").big_integer())
        .col(ColumnDef::new("failed_task").big_integer())
        .col(ColumnDef::new("failure").text())
        .col(ColumnDef::new("labels").text().not_null())
        .col(ColumnDef::new("input").text().not_null())
        .col(ColumnDef::new("result").text())
        .to_owned()
}

fn jobs_by_tenant() -> IndexCreateStatement {
    Index::create()
        .name("jobs_by_tenant")
        .table("jobs")
        .col("tenant")
        .col(("id", IndexOrder::Desc))
        .to_owned()
}

/// `finished_at` is in the index, always null, so that the list of live jobs is read from the index alone.
fn jobs_live() -> IndexCreateStatement {
    Index::create()
        .name("jobs_live")
        .table("jobs")
        .col("id")
        .col("finished_at")
        .and_where(Expr::col("finished_at").is_null())
        .to_owned()
}

/// No foreign key to `jobs`: records are the truth, and the row of a job is made from them.
fn job_events() -> TableCreateStatement {
    Table::create()
        .table("job_events")
        .col(ColumnDef::new("pos").big_integer().not_null().primary_key())
        .col(ColumnDef::new("job_id").uuid().not_null())
        .col(ColumnDef::new("seq").big_integer().not_null())
        .col(ColumnDef::new("first_seq").big_integer().not_null())
        .col(ColumnDef::new("tenant").text().not_null())
        .col(ColumnDef::new("at").big_integer().not_null())
        .col(ColumnDef::new("epoch").big_integer().not_null())
        .col(ColumnDef::new("payload").text().not_null())
        .to_owned()
}

fn job_events_by_job() -> IndexCreateStatement {
    Index::create()
        .name("job_events_by_job")
        .table("job_events")
        .col("job_id")
        .col("seq")
        .unique()
        .to_owned()
}

fn job_events_by_tenant() -> IndexCreateStatement {
    Index::create()
        .name("job_events_by_tenant")
        .table("job_events")
        .col("tenant")
        .col("pos")
        .to_owned()
}
