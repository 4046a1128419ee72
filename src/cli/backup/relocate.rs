//! `callboard move --to URL`

use callboard::boot::store_spec;
use callboard::store::{self, MoveError, Moved};

use crate::cli::{
    failure::{Failure, chain},
    settings::Settings,
    terminal,
};

const SCHEMES: [&str; 2] = ["postgres://", "postgresql://"];

#[derive(clap::Args)]
pub struct MoveArgs {
    /// The empty PostgreSQL database, as postgres://user:password@host/database
    #[arg(long, value_name = "URL")]
    to: String,
    #[command(flatten)]
    settings: Settings,
}

/// Moves the store of a data directory that no server owns. Jobs in flight go on there.
pub async fn relocate(args: MoveArgs) -> Result<(), Failure> {
    let config = args.settings.load([])?;
    if !config.store.url.is_empty() {
        let elsewhere = "store.url is set; only the store of a data directory moves".to_owned();
        return Err(Failure::BadInput(elsewhere));
    }
    if !SCHEMES.iter().any(|scheme| args.to.starts_with(scheme)) {
        let other = "--to takes the address of a PostgreSQL database, postgres://user:password@host/database";
        return Err(Failure::BadInput(other.to_owned()));
    }
    let spec = store_spec(&config).await?;
    let Moved {
        name,
        jobs,
        live_jobs,
        rows,
    } = store::move_store(&spec, &args.to).await?;
    terminal::print(&format!(
        "{}: {jobs} jobs, {live_jobs} of them live, {rows} rows moved to {name}; set store.url and keep store.data_dir",
        spec.data_dir.display()
    ))
}

impl From<MoveError> for Failure {
    fn from(error: MoveError) -> Self {
        match error {
            MoveError::Store(error) => error.into(),
            MoveError::Read(error) => error.into(),
            MoveError::Occupied { .. } => Self::BadInput(chain(&error)),
            error => Self::Failed(chain(&error)),
        }
    }
}
