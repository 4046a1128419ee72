//! `callboard watch`

use super::{
    client::ServerArgs, failure::Failure, follow::follow, job, progress::Progress, render, terminal,
};

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: String,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn watch(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let finished = follow(&client, &args.job, &mut Progress::lines_unless_watched()).await?;
    if let Some(result) = render::result(&finished) {
        terminal::print(&result)?;
    }
    job::ending(&finished)
}
