//! `callboard jobs`

use callboard::http::JobView;
use callboard_orchestra::job::JobState;
use serde::Deserialize;
use serde_json::value::RawValue;

use super::{client::ServerArgs, failure::Failure, render, terminal};

/// Jobs that the server lists on one page at the most.
const PAGE_JOBS_MAX: usize = 200;

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

#[derive(Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

pub async fn jobs(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let mut listed: Vec<Box<RawValue>> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let limit = (usize::from(args.limit) - listed.len())
            .min(PAGE_JOBS_MAX)
            .to_string();
        let query = [
            ("state", &args.state),
            ("kind", &args.kind),
            ("cursor", &cursor),
            ("limit", &Some(limit)),
        ];
        let query: Vec<_> = query
            .into_iter()
            .filter_map(|(key, value)| Some((key, value.as_deref()?)))
            .collect();
        let page: Page = client
            .json(client.get(&["v1", "jobs"]).query(&query))
            .await?;
        let came = page.items.len();
        listed.extend(page.items);
        cursor = page
            .next_cursor
            .filter(|_| came > 0 && listed.len() < usize::from(args.limit));
        if cursor.is_none() {
            break;
        }
    }
    if args.json {
        return terminal::print(&serde_json::to_string(&listed).expect("the parts are JSON"));
    }
    let rows = listed
        .iter()
        .map(|job| client.read::<JobView>(job.get()).map(row))
        .collect::<Result<Vec<_>, _>>()?;
    if rows.is_empty() {
        terminal::tell("no jobs");
        return Ok(());
    }
    let header = ["job", "kind", "state", "tasks", "created", "finished"]
        .map(str::to_owned)
        .into();
    terminal::print(&render::plain(header, rows, false))
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
