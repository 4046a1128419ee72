//! `callboard signal`

use callboard::http::JobView;
use callboard_orchestra::{JobId, submission::is_signal_name};

use super::{client::ServerArgs, failure::Failure, input::read_json, job, terminal};

#[derive(clap::Args)]
pub struct Args {
    /// Id of the job
    job: JobId,
    /// Name of the signal
    #[arg(value_parser = name)]
    name: String,
    /// What the task gets: JSON, a file, or `-` for stdin; null when left out
    #[arg(long, value_name = "JSON|FILE|-")]
    payload: Option<String>,
    /// Print the job as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

fn name(text: &str) -> Result<String, &'static str> {
    // A part of a path that is only dots would vanish from it.
    if is_signal_name(text) && !matches!(text, "." | "..") {
        Ok(text.to_owned())
    } else {
        Err("a signal is named by 1 to 128 of a-z A-Z 0-9 . _ -")
    }
}

pub async fn signal(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let payload = args
        .payload
        .as_deref()
        .map_or_else(|| read_json("null"), read_json)?;
    let request = client
        .post(&["v1", "jobs", &args.job.to_string(), "signals", &args.name])
        .header("content-type", "application/json")
        .body(payload.text().to_owned());
    let job: JobView = client.json(request).await?;
    terminal::print(&if args.json {
        job::to_json(&job)
    } else {
        job::standing(&job)
    })
}
