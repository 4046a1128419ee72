//! `callboard watch`

use callboard_orchestra::JobId;

use super::{
    client::ServerArgs,
    failure::Failure,
    follow::{Standing, follow},
    job,
    progress::Progress,
};

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: JobId,
    /// Print the job as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn watch(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let mut progress = Progress::lines_unless_watched();
    let finished = follow(&client, args.job, Standing::Unknown, &mut progress).await?;
    job::print(&finished, args.json)?;
    job::ending(&finished)
}
