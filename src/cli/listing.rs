//! Reads lists of a server page by page.

use callboard_orchestra::JobId;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::value::RawValue;

use super::{
    client::{Client, ServerArgs},
    failure::Failure,
    render, terminal,
};

/// Items that the server lists on one page at the most.
const PAGE_ITEMS_MAX: usize = 200;

/// What narrows a list of things that tasks left for people, beside their state.
#[derive(clap::Args)]
pub struct Args {
    /// In any state
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Of this job only
    #[arg(long, value_name = "JOB")]
    job: Option<JobId>,
    /// How many to list
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Print one JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// The task that left it.
#[derive(Deserialize)]
pub struct TaskName {
    pub name: String,
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Box<RawValue>>,
    next_cursor: Option<String>,
}

/// The first `limit` items at `path` that `filters` let pass.
pub async fn read(
    client: &Client,
    path: &[&str],
    filters: &[(&str, Option<String>)],
    limit: u16,
) -> Result<Vec<Box<RawValue>>, Failure> {
    let limit = usize::from(limit);
    let mut listed: Vec<Box<RawValue>> = Vec::new();
    let mut cursor: Option<String> = None;
    loop {
        let asked = (limit - listed.len()).min(PAGE_ITEMS_MAX).to_string();
        let page = [("cursor", cursor), ("limit", Some(asked))];
        let query: Vec<(&str, &str)> = filters
            .iter()
            .chain(&page)
            .filter_map(|(key, value)| Some((*key, value.as_deref()?)))
            .collect();
        let page: Page = client.json(client.get(path).query(&query)).await?;
        let came = page.items.len();
        listed.extend(page.items);
        cursor = page
            .next_cursor
            .filter(|_| came > 0 && listed.len() < limit);
        if cursor.is_none() {
            return Ok(listed);
        }
    }
}

/// Prints the `what` of a server that are in `state`, one `row` each.
pub async fn show<T: DeserializeOwned>(
    what: &str,
    state: String,
    args: Args,
    header: &[&str],
    row: impl Fn(T) -> Vec<String>,
) -> Result<(), Failure> {
    let client = args.server.client()?;
    let filters = [
        ("state", Some(state).filter(|_| !args.all)),
        ("job", args.job.map(|job| job.to_string())),
    ];
    let listed = read(&client, &["v1", what], &filters, args.limit).await?;
    if args.json {
        return print_json(&listed);
    }
    let rows = listed
        .iter()
        .map(|item| client.read::<T>(item.get()).map(&row))
        .collect::<Result<_, _>>()?;
    print_table(what, header, rows)
}

/// Prints the items as one JSON array.
pub fn print_json(items: &[Box<RawValue>]) -> Result<(), Failure> {
    terminal::print(&serde_json::to_string(items).expect("the parts are JSON"))
}

/// Prints a table, or tells that there are no `what`.
pub fn print_table(what: &str, header: &[&str], rows: Vec<Vec<String>>) -> Result<(), Failure> {
    if rows.is_empty() {
        terminal::tell(&format!("no {what}"));
        return Ok(());
    }
    let header = header.iter().map(|name| (*name).to_owned()).collect();
    terminal::print(&render::plain(header, rows, false))
}
