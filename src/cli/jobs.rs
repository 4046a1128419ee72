//! `callboard jobs`

use callboard::http::JobView;
use callboard_orchestra::job::JobState;

use super::{client::ServerArgs, failure::Failure, listing};

#[derive(clap::Args)]
pub struct Args {
    /// Jobs in this state only
    #[arg(long, value_name = "STATE", value_parser = JobState::ALL.map(JobState::name))]
    state: Option<String>,
    /// Jobs of this kind only
    #[arg(long, value_name = "KIND")]
    kind: Option<String>,
    /// Jobs to list
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Print the jobs as one JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn jobs(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let filters = [("state", args.state), ("kind", args.kind)];
    let listed = listing::read(&client, &["v1", "jobs"], &filters, args.limit).await?;
    if args.json {
        return listing::print_json(&listed);
    }
    let rows = listed
        .iter()
        .map(|job| client.read::<JobView>(job.get()).map(row))
        .collect::<Result<_, _>>()?;
    let header = ["job", "kind", "state", "tasks", "created", "finished"];
    listing::print_table("jobs", &header, rows)
}

fn row(job: JobView) -> Vec<String> {
    let tasks = format!("{}/{}", job.progress.done, job.progress.total);
    let state = job.state.0.name().to_owned();
    vec![
        job.id.to_string(),
        job.kind,
        state,
        tasks,
        job.created_at,
        job.finished_at.unwrap_or_default(),
    ]
}
