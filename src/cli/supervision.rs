//! `callboard supervision`

use clap::Subcommand;
use serde::Deserialize;
use serde_json::json;

use super::{
    client::{Client, ServerArgs},
    failure::Failure,
    render, terminal,
};

#[derive(clap::Args)]
pub struct Args {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Show every crew of a server: what waits, what is in hand, its breaker and its workers
    Tree(TreeArgs),
    /// Pause a crew: it hands out nothing more, and what is in hand goes on
    Pause(StepInArgs),
    /// Resume a crew that is paused or drains
    Resume(StepInArgs),
    /// Pause a crew and wait until nothing is in its hands
    Drain(DrainArgs),
    /// Give every worker of a crew a new instance; tasks in hand end on the old ones
    Restart(StepInArgs),
    /// Close the breaker of a role
    ResetBreaker(StepInArgs),
}

#[derive(clap::Args)]
struct TreeArgs {
    /// Print the whole tree as the server answers it
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(clap::Args)]
struct StepInArgs {
    /// Name of the role
    role: String,
    /// Why, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Print the crew as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(clap::Args)]
struct DrainArgs {
    #[command(flatten)]
    target: StepInArgs,
    /// How long to wait, in seconds
    #[arg(long, value_name = "SECONDS", default_value = "20", value_parser = clap::value_parser!(u16).range(0..=25))]
    wait: u16,
}

#[derive(Deserialize)]
struct Tree {
    root: Node,
}

#[derive(Deserialize)]
struct Node {
    name: String,
    state: String,
    restarts_in_window: u32,
    children: Vec<Node>,
    crew: Option<Crew>,
}

#[derive(Deserialize)]
struct Crew {
    queue_depth: u64,
    in_hand: u64,
    breaker: Breaker,
    workers: Vec<Worker>,
}

#[derive(Deserialize)]
struct Breaker {
    state: String,
}

#[derive(Deserialize)]
struct Worker {
    generation: u64,
    panics: u64,
}

/// A crew as the server answers it to whoever steps in.
#[derive(Deserialize)]
struct Answered {
    role: String,
    state: String,
    queue_depth: u64,
    in_hand: u64,
    breaker: String,
}

pub async fn supervision(args: Args) -> Result<(), Failure> {
    match args.command {
        Command::Tree(args) => tree(args).await,
        Command::Pause(args) => step_in(args, "pause", None).await,
        Command::Resume(args) => step_in(args, "resume", None).await,
        Command::Drain(DrainArgs { target, wait }) => step_in(target, "drain", Some(wait)).await,
        Command::Restart(args) => step_in(args, "restart", None).await,
        Command::ResetBreaker(args) => step_in(args, "reset-breaker", None).await,
    }
}

async fn tree(args: TreeArgs) -> Result<(), Failure> {
    let client = args.server.client()?;
    let text = client.text(client.get(&["v1", "supervision"])).await?;
    if args.json {
        return terminal::print(&text);
    }
    let tree: Tree = client.read(&text)?;
    let header = [
        "crew", "state", "waiting", "in hand", "breaker", "workers", "newest", "panics", "deaths",
    ];
    let mut rows = Vec::new();
    gather(&tree.root, &mut rows);
    let header = header.map(str::to_owned).to_vec();
    terminal::print(&render::plain(header, rows, true))
}

fn gather(node: &Node, rows: &mut Vec<Vec<String>>) {
    if let Some(crew) = &node.crew {
        let newest = crew.workers.iter().map(|worker| worker.generation).max();
        let panics: u64 = crew.workers.iter().map(|worker| worker.panics).sum();
        rows.push(vec![
            node.name.clone(),
            node.state.clone(),
            crew.queue_depth.to_string(),
            crew.in_hand.to_string(),
            crew.breaker.state.clone(),
            crew.workers.len().to_string(),
            newest.unwrap_or_default().to_string(),
            panics.to_string(),
            node.restarts_in_window.to_string(),
        ]);
    }
    node.children.iter().for_each(|child| gather(child, rows));
}

async fn step_in(args: StepInArgs, verb: &str, wait_s: Option<u16>) -> Result<(), Failure> {
    let client: Client = args.server.client()?;
    let mut request = client.post(&["v1", "supervision", "roles", &args.role, verb]);
    if let Some(seconds) = wait_s {
        request = request.header("prefer", format!("wait={seconds}"));
    }
    let text = client
        .text(request.json(&json!({"reason": args.reason})))
        .await?;
    if args.json {
        return terminal::print(&text);
    }
    let crew: Answered = client.read(&text)?;
    terminal::print(&format!(
        "{} {}: {} tasks in hand, {} wait, breaker {}",
        crew.role, crew.state, crew.in_hand, crew.queue_depth, crew.breaker
    ))
}
