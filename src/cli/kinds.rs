//! `callboard kinds`

use serde::Deserialize;
use serde_json::Value;

use super::{client::ServerArgs, failure::Failure, render, terminal};

#[derive(clap::Args)]
pub struct Args {
    /// A kind to show with the schema of its input; without it all are listed
    #[arg(value_parser = name)]
    kind: Option<String>,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

/// What names a kind can stand in a URL as one part of its path.
fn name(text: &str) -> Result<String, &'static str> {
    if matches!(text, "" | "." | "..") {
        Err("no kind has this name")
    } else {
        Ok(text.to_owned())
    }
}

#[derive(Deserialize)]
struct Page {
    items: Vec<Summary>,
}

#[derive(Deserialize)]
struct Summary {
    name: String,
    summary: String,
}

#[derive(Deserialize)]
struct Kind {
    name: String,
    summary: String,
    schema: Value,
    examples: Vec<Value>,
}

pub async fn kinds(args: Args) -> Result<(), Failure> {
    let client = args.server.client()?;
    let path: Vec<&str> = ["v1", "kinds"]
        .into_iter()
        .chain(args.kind.as_deref())
        .collect();
    let text = client.text(client.get(&path)).await?;
    if args.json {
        return terminal::print(&text);
    }
    terminal::print(&match args.kind {
        Some(_) => shown(&client.read(&text)?),
        None => {
            let rows = client
                .read::<Page>(&text)?
                .items
                .into_iter()
                .map(|kind| vec![kind.name, kind.summary]);
            render::plain(
                ["kind", "summary"].map(str::to_owned).into(),
                rows.collect(),
                false,
            )
        }
    })
}

fn shown(kind: &Kind) -> String {
    let examples: Vec<String> = kind
        .examples
        .iter()
        .map(|example| format!("  {example}"))
        .collect();
    format!(
        "{}\n{}\n\nExamples\n{}\n\nInput\n{:#}",
        kind.name,
        kind.summary,
        examples.join("\n"),
        kind.schema
    )
}
