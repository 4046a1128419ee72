//! `callboard health`

use std::time::Duration;

use super::{client::ServerArgs, failure::Failure, terminal};

/// Time for the answer.
const ANSWER_MAX: Duration = Duration::from_secs(5);

#[derive(clap::Args)]
pub struct Args {
    /// Ask only whether the process is alive, not whether it takes jobs
    #[arg(long)]
    live: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn health(args: Args) -> Result<(), Failure> {
    let (probe, well) = match args.live {
        true => ("live", "alive"),
        false => ("ready", "ready"),
    };
    let client = args.server.client()?;
    let asked = client.get(&["health", probe]).timeout(ANSWER_MAX);
    match client.open(asked).await {
        Ok(_) => terminal::print(well),
        // Whatever is wrong, whoever probes needs one exit code for it.
        Err(failure) => Err(Failure::Failed(failure.message().to_owned())),
    }
}
