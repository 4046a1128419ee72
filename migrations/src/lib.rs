//! The schema of Callboard's store: migrations in order, each with a tested way back.

mod m20261121_000001_create_journal;
mod m20261121_000002_create_idempotency_keys;
mod m20261121_000003_create_supervision_events;
mod m20261121_000004_create_projections;
mod m20261121_000005_create_pruning;
mod m20261121_000006_create_auth;
mod m20261121_000007_create_audit;
mod m20261121_000008_create_webhooks;
mod m20261121_000010_create_ohlcv;
mod m20261121_000014_enable_users;
mod m20261121_000015_size_artifacts;
mod migrator;

pub use migrator::Migrator;
pub use sea_orm_migration::MigratorTrait;
