//! Reads lists of a server page by page.

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{client::Client, failure::Failure, render, terminal};

/// Items that the server lists on one page at the most.
const PAGE_ITEMS_MAX: usize = 200;

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
