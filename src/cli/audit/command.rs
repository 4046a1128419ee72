//! What can be done with the audit log.

use clap::Subcommand;

use super::{export, rotate_key, verify};
use crate::cli::failure::Failure;

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Verify the chains and signatures of a data directory, beside a running server or without one, or of an export
    Verify(verify::Args),
    /// Export the audit log of a server, as lines of JSON
    Export(export::Args),
    /// Replace the key that signs checkpoints; the server must be stopped
    RotateKey(rotate_key::Args),
}

pub async fn audit(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Verify(args) => verify::verify(args).await,
        Command::Export(args) => export::export(args).await,
        Command::RotateKey(args) => rotate_key::rotate_key(args).await,
    }
}
