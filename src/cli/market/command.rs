//! The commands below `callboard market`.

use super::import;
use crate::cli::failure::Failure;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(clap::Subcommand)]
enum Command {
    /// Import prices from a CSV file into the data directory, for market.compare to use in place of the embedded ones
    Import(import::Args),
}

pub async fn market(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Import(args) => import::import(args).await,
    }
}
