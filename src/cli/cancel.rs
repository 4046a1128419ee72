//! `callboard cancel`

use serde::Deserialize;
use serde_json::json;

use super::{client::ServerArgs, failure::Failure, terminal};

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Deserialize)]
struct Receipt {
    stopped: u32,
    already_done: u32,
}

pub async fn cancel(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let request = client.post(&format!("/v1/jobs/{}/cancel", args.job));
    let Receipt {
        stopped,
        already_done,
    } = client
        .json(request.json(&json!({"reason": args.reason})))
        .await?;
    terminal::print(&format!(
        "{} cancelled: {stopped} tasks stopped, {already_done} already done",
        args.job
    ))
}
