//! `callboard cancel`

use callboard_orchestra::JobId;
use serde::Deserialize;
use serde_json::json;

use super::{client::ServerArgs, failure::Failure, terminal};

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: JobId,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Deserialize)]
struct Receipt {
    stopped: u32,
    already_done: u32,
    unknown_outcome: u32,
}

pub async fn cancel(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let request = client.post(&["v1", "jobs", &args.job.to_string(), "cancel"]);
    let text = client
        .text(request.json(&json!({"reason": args.reason})))
        .await?;
    if args.json {
        return terminal::print(&text);
    }
    let Receipt {
        stopped,
        already_done,
        unknown_outcome,
    } = client.read(&text)?;
    let unknown = match unknown_outcome {
        0 => String::new(),
        count => format!(", {count} with an unknown outcome (see `callboard effects`)"),
    };
    terminal::print(&format!(
        "{} cancelled: {stopped} tasks stopped, {already_done} already done{unknown}",
        args.job
    ))
}
