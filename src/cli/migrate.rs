//! `callboard migrate`

use callboard::boot::store_spec;
use callboard::store::Store;
use callboard_migrations::{Migrator, MigratorTrait};
use sea_orm::Database;
use sea_orm_migration::MigrationStatus;

use super::{
    failure::{Failure, chain},
    settings::Settings,
    terminal,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
}

pub async fn migrate(args: Args) -> Result<(), Failure> {
    let config = args.settings.load([])?;
    let spec = store_spec(&config).await?;
    let file = format!("sqlite://{}?mode=ro", spec.database().display());
    let url = spec.url.clone().unwrap_or(file);
    let before = schema_of(&url).await;
    let store = Store::open(spec).await?;
    let name = store.name();
    store.close().await?;
    let after = schema_of(&url).await;
    let after =
        after.ok_or_else(|| Failure::Failed(format!("{name} has no schema after migrating")))?;
    terminal::print(&match before {
        Some(before) if before == after => format!("{name} is at {after}"),
        Some(before) => format!("{name} migrated from {before} to {after}"),
        None => format!("{name} created at {after}"),
    })
}

/// The last migration applied; `None` for a database that does not exist or cannot be read. Opening the store says why.
async fn schema_of(url: &str) -> Option<String> {
    let read = async {
        let connection = Database::connect(url).await?;
        let known = Migrator::get_migration_with_status_read_only(&connection).await?;
        connection.close().await?;
        Ok::<_, sea_orm::DbErr>(known)
    };
    let known = read
        .await
        .inspect_err(|error| tracing::debug!(error = chain(error), "no schema to read"))
        .ok()?;
    let applied = known
        .into_iter()
        .filter(|migration| migration.status() == MigrationStatus::Applied);
    applied.last().map(|migration| migration.name().to_owned())
}
