//! `callboard effects` and `callboard resolve`

use callboard_orchestra::{EffectClass, EffectId, JobId, journal::EffectState};
use clap::ValueEnum;
use serde::Deserialize;
use serde_json::json;

use super::{client::ServerArgs, failure::Failure, input::read_json, listing, terminal};

#[derive(clap::Args)]
pub struct ListArgs {
    /// Effects in this state only
    #[arg(long, value_name = "STATE", default_value = "unknown", value_parser = EffectState::ALL.map(EffectState::name))]
    state: String,
    /// Effects in any state
    #[arg(long, conflicts_with = "state")]
    all: bool,
    /// Effects of this job only
    #[arg(long, value_name = "JOB")]
    job: Option<JobId>,
    /// Effects to list
    #[arg(long, value_name = "N", default_value = "20", value_parser = clap::value_parser!(u16).range(1..))]
    limit: u16,
    /// Print the effects as one JSON array
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(clap::Args)]
pub struct ResolveArgs {
    /// Id of the effect
    effect: EffectId,
    /// What you found out
    #[arg(value_enum)]
    outcome: FoundOut,
    /// Product of the task when the effect succeeded: JSON, a file, or `-` for stdin
    #[arg(long, value_name = "JSON|FILE|-")]
    product: Option<String>,
    /// How you know, for the record
    #[arg(long, value_name = "TEXT")]
    reason: Option<String>,
    /// Who found out, for the record
    #[arg(long, value_name = "NAME")]
    by: Option<String>,
    /// Print what the server answers
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    server: ServerArgs,
}

#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum FoundOut {
    /// It took place: the task succeeds
    Succeeded,
    /// It took place wrongly, or must not be tried again: the task fails
    Failed,
    /// It did not take place: the task runs again
    Again,
}

impl FoundOut {
    const fn name(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Failed => "failed",
            Self::Again => "again",
        }
    }
}

#[derive(Deserialize)]
struct Effect {
    id: EffectId,
    job: JobId,
    task: Task,
    attempt: u32,
    class: EffectClass,
    state: EffectState,
    intended_at: String,
    reason: Option<String>,
}

#[derive(Deserialize)]
struct Task {
    name: String,
}

pub async fn effects(args: ListArgs) -> Result<(), Failure> {
    let client = args.server.client()?;
    let filters = [
        ("state", Some(args.state).filter(|_| !args.all)),
        ("job", args.job.map(|job| job.to_string())),
    ];
    let listed = listing::read(&client, &["v1", "effects"], &filters, args.limit).await?;
    if args.json {
        return listing::print_json(&listed);
    }
    let rows = listed
        .iter()
        .map(|effect| client.read::<Effect>(effect.get()).map(row))
        .collect::<Result<_, _>>()?;
    let header = [
        "effect", "state", "class", "job", "task", "attempt", "since", "why",
    ];
    listing::print_table("effects", &header, rows)
}

fn row(effect: Effect) -> Vec<String> {
    vec![
        effect.id.to_string(),
        effect.state.name().to_owned(),
        effect.class.name().to_owned(),
        effect.job.to_string(),
        effect.task.name,
        effect.attempt.to_string(),
        effect.intended_at,
        effect.reason.unwrap_or_default(),
    ]
}

pub async fn resolve(args: ResolveArgs) -> Result<(), Failure> {
    let client = args.server.client()?;
    let product = args.product.as_deref().map(read_json).transpose()?;
    if product.is_some() && args.outcome != FoundOut::Succeeded {
        let message = "--product belongs to an effect that succeeded".to_owned();
        return Err(Failure::BadInput(message));
    }
    let request = client.post(&["v1", "effects", &args.effect.to_string(), "resolve"]);
    let mut body = json!({
        "outcome": args.outcome.name(), "reason": args.reason, "by": args.by,
    })
    .to_string();
    if let Some(product) = product {
        // The product goes out as it came, with every digit of its numbers.
        body.truncate(body.len() - 1);
        body = format!("{body},\"product\":{}}}", product.text());
    }
    let request = request.header("content-type", "application/json");
    let text = client.text(request.body(body)).await?;
    if args.json {
        return terminal::print(&text);
    }
    let resolved: Effect = client.read(&text)?;
    terminal::print(&format!(
        "{} resolved as {}: {} of {}",
        resolved.id,
        args.outcome.name(),
        resolved.task.name,
        resolved.job
    ))
}
