//! The commands, and which function each is.

use clap::Subcommand;

use super::{bootstrap, remote};
use crate::cli::failure::Failure;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Make the first key of an admin in a data directory that no server has open, and print it
    Bootstrap(bootstrap::Args),
    /// Make a key and print it
    Create(remote::CreateArgs),
    /// List keys, newest first
    List(remote::ListArgs),
    /// Give a key a new secret and print it; the old one stays good for a while
    Rotate(remote::RotateArgs),
    /// Revoke a key: it stops working at once
    Revoke(remote::RevokeArgs),
}

pub async fn keys(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Bootstrap(args) => bootstrap::bootstrap(args).await,
        Command::Create(args) => remote::create(args).await,
        Command::List(args) => remote::list(args).await,
        Command::Rotate(args) => remote::rotate(args).await,
        Command::Revoke(args) => remote::revoke(args).await,
    }
}
