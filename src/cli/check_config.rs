//! `callboard check-config`

use super::{failure::Failure, settings::Settings, terminal};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    settings: Settings,
}

pub fn check_config(args: &Args) -> Result<(), Failure> {
    terminal::print(&args.settings.load([])?.to_toml())
}
