//! `callboard pause`, `callboard resume` and `callboard retry`

use callboard::http::JobView;
use callboard_orchestra::JobId;
use reqwest::RequestBuilder;
use serde_json::json;

use super::{
    client::{Client, ServerArgs},
    failure::Failure,
    job, terminal,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(flatten)]
    target: TargetArgs,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
}

#[derive(clap::Args)]
pub struct TargetArgs {
    /// Id of the job
    job: JobId,
    /// Print the job as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

pub async fn pause(args: Args) -> Result<(), Failure> {
    let reason = json!({"reason": args.reason});
    steer(args.target, "pause", |request| request.json(&reason)).await
}

pub async fn resume(args: Args) -> Result<(), Failure> {
    let reason = json!({"reason": args.reason});
    steer(args.target, "resume", |request| request.json(&reason)).await
}

pub async fn retry(args: TargetArgs) -> Result<(), Failure> {
    steer(args, "retry", |request| request).await
}

async fn steer(
    args: TargetArgs,
    verb: &str,
    with: impl FnOnce(RequestBuilder) -> RequestBuilder,
) -> Result<(), Failure> {
    let client: Client = args.server.client()?;
    let request = client.post(&["v1", "jobs", &args.job.to_string(), verb]);
    let job: JobView = client.json(with(request)).await?;
    terminal::print(&if args.json {
        job::to_json(&job)
    } else {
        job::standing(&job)
    })
}
